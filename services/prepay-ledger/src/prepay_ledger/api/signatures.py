"""Standard Webhooks signatures (standardwebhooks.com), checked over the raw bytes.

The library of that name signs in our tools and tests; it checks only after decoding the body, and
a body that is no JSON would end as a bad signature.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

TOLERANCE_S = 300
EVENT_ID_MAX = 200
_TIMESTAMP_DIGITS_MAX = 12
_VERSION = "v1,"


class BadSignature(Exception):
    """The call is not from who it should be, or not fresh. The message says which."""


def secret_key(secret: str) -> bytes:
    """The key in ``whsec_<base64>``; raises ValueError."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        message = f"what follows whsec_ is no base64: {error}"
        raise ValueError(message) from error


def verify(*, key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The event's id, if one of the signatures holds and is fresh. Raises `BadSignature`."""
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not event_id or len(event_id) > EVENT_ID_MAX or not event_id.isascii():
        message = f"webhook-id must be 1 to {EVENT_ID_MAX} ASCII characters"
        raise BadSignature(message)
    if not timestamp.isdecimal() or len(timestamp) > _TIMESTAMP_DIGITS_MAX:
        message = "webhook-timestamp must be seconds since 1970"
        raise BadSignature(message)
    age_s = now.timestamp() - int(timestamp)
    if abs(age_s) > TOLERANCE_S:
        message = f"it is {age_s:.0f} s old; {TOLERANCE_S} are allowed"
        raise BadSignature(message)
    signed = f"{event_id}.{timestamp}.".encode() + body
    right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    if not any(
        hmac.compare_digest(each.removeprefix(_VERSION).encode(), right)
        for each in given
        if each.startswith(_VERSION)
    ):
        message = "no signature of it is ours"
        raise BadSignature(message)
    return event_id
