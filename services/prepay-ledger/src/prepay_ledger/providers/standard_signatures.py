"""Standard Webhooks signatures (standardwebhooks.com), checked over the raw bytes.

The library of that name signs in our tools and tests; it checks only after decoding the body, and
a body that is no text would end as a bad signature. What it accepts is accepted here.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from prepay_ledger.providers.freshness import require_fresh, seconds_of
from prepay_ledger.providers.values import BadSignature

_KEY_BYTES_MIN = 16
_PREFIX = "whsec_"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+={0,2}")


def secret_keys(secret: str) -> tuple[bytes, ...]:
    """The keys that a provider may mean by ``secret``: base64 with or without its padding, after
    ``whsec_`` or alone, white space passed over. Raises ValueError with what is wrong.

    In base64's URL-safe alphabet there are two: the library of Standard Webhooks for Python passes
    over ``-`` and ``_``, others read them.
    """
    text = "".join(secret.split()).removeprefix(_PREFIX)
    if not text:
        message = "it is empty"
        raise ValueError(message)
    if _BASE64.fullmatch(text):
        readings = [text]
    elif _URL_SAFE.fullmatch(text):
        readings = [text.replace("-", "+").replace("_", "/"), re.sub("[-_]", "", text)]
    else:
        message = "it is no base64, with or without whsec_ before it"
        raise ValueError(message)
    keys = [key for key in map(_decoded, readings) if key]
    if not keys:
        message = "it is no base64: its last character is missing"
        raise ValueError(message)
    if len(keys[0]) < _KEY_BYTES_MIN:
        message = f"it is too short: {len(keys[0])} bytes, at least {_KEY_BYTES_MIN} are needed"
        raise ValueError(message)
    return tuple(keys)


def verify(*, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The event's id, if one of the signatures holds by one of ``keys`` and is fresh.

    ``headers`` as HTTP gives them: bytes read as Latin-1. Raises `BadSignature`.
    """
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not event_id:
        message = "there is no webhook-id"
        raise BadSignature(message)
    require_fresh(seconds_of(timestamp, name="webhook-timestamp"), now)
    signed = f"{event_id}.{timestamp}.".encode("latin-1") + body
    right = [hmac.digest(key, signed, hashlib.sha256) for key in keys]
    for given in _signatures(headers.get("webhook-signature", "")):
        if any(hmac.compare_digest(given, each) for each in right):
            return event_id
    message = (
        "none of its v1 signatures is made with this provider's secret over these bytes; see that "
        "the secret is the same on both sides and that nothing on the way changes the body"
    )
    raise BadSignature(message)


def _signatures(header: str) -> list[bytes]:
    """Those of version 1; other versions, and what is no signature, are passed over."""
    parts = (each.partition(",") for each in header.split())
    decoded = [_decoded(text) for version, _, text in parts if version == "v1"]
    return [each for each in decoded if each]


def _decoded(text: str) -> bytes | None:
    """Base64 with or without its padding; none for what cannot be that."""
    try:
        return base64.b64decode(text.rstrip("=") + "==")
    except ValueError:
        return None
