"""Tencent Cloud's signature TC3-HMAC-SHA256 of a call with a JSON body."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

_ALGORITHM = "TC3-HMAC-SHA256"
_CONTENT_TYPE = "application/json"
_SIGNED = "content-type;host"
_SERVICE = "sms"
_VERSION = "2021-01-11"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """As whom we ask."""

    id: str
    secret: str


def signed_headers(
    *, action: str, host: str, region: str, body: bytes, key: SecretKey, now: datetime
) -> Mapping[str, str]:
    """The headers of a POST to ``/``. The key of each day is derived from the secret."""
    day = now.astimezone(UTC).strftime("%Y-%m-%d")
    seconds = str(int(now.timestamp()))
    lines = f"content-type:{_CONTENT_TYPE}\nhost:{host}\n"
    request = f"POST\n/\n\n{lines}\n{_SIGNED}\n{sha256(body).hexdigest()}"
    scope = f"{day}/{_SERVICE}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{seconds}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    derived = f"TC3{key.secret}".encode()
    for part in (day, _SERVICE, "tc3_request"):
        derived = hmac.new(derived, part.encode(), sha256).digest()
    signature = hmac.new(derived, to_sign.encode(), sha256).hexdigest()
    return {
        "Authorization": f"{_ALGORITHM} Credential={key.id}/{scope}, "
        f"SignedHeaders={_SIGNED}, Signature={signature}",
        "Content-Type": _CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Region": region,
        "X-TC-Timestamp": seconds,
        "X-TC-Version": _VERSION,
    }
