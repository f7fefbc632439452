"""Aliyun's signature ACS3-HMAC-SHA256 (version 3) of an RPC call with a form as its body."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

_ALGORITHM = "ACS3-HMAC-SHA256"
_VERSION = "2017-05-25"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """As whom we ask."""

    id: str
    secret: str


def signed_headers(
    *, action: str, host: str, body: bytes, key: AccessKey, now: datetime, nonce: str
) -> Mapping[str, str]:
    """The headers of a POST to ``/`` without a query."""
    digest = sha256(body).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": _VERSION,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{digest}"
    to_sign = f"{_ALGORITHM}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.new(key.secret.encode(), to_sign.encode(), sha256).hexdigest()
    said = f"{_ALGORITHM} Credential={key.id},SignedHeaders={names},Signature={signature}"
    return headers | {"Authorization": said}
