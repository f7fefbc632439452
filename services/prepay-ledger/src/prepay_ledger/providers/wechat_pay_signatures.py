"""Signatures of WeChat Pay API v3: RSA over time, nonce and raw body; ours over the method and the
address too.

pay.weixin.qq.com/doc/v3/merchant/4012071382 (theirs) and 4012365342 (ours).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from prepay_ledger.providers.freshness import require_fresh, seconds_of
from prepay_ledger.providers.rsa_keys import Certificate, signature_of, signed_by
from prepay_ledger.providers.values import BadSignature

SERIAL, SIGNATURE = "wechatpay-serial", "wechatpay-signature"
TIMESTAMP, NONCE = "wechatpay-timestamp", "wechatpay-nonce"
_SCHEME = "WECHATPAY2-SHA256-RSA2048"


@dataclass(frozen=True, slots=True)
class WeChatPaySigners:
    """Who signs for WeChat Pay: ``public_keys`` by their id ``PUB_KEY_ID_...``, ``certificates`` by
    serial."""

    public_keys: Mapping[str, RSAPublicKey]
    certificates: Mapping[str, Certificate]

    def require(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises `BadSignature` unless one of them has signed these bytes, lately. Names of headers
        are in small letters."""
        timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        if not nonce:
            message = "there is no Wechatpay-Nonce"
            raise BadSignature(message)
        require_fresh(seconds_of(timestamp, name="Wechatpay-Timestamp"), now)
        key = self._key(headers.get(SERIAL, ""), now)
        signed = f"{timestamp}\n{nonce}\n".encode("latin-1") + body + b"\n"
        if not signed_by([key], signature=headers.get(SIGNATURE, ""), message=signed):
            message = (
                "Wechatpay-Signature is not made by the key of Wechatpay-Serial over these bytes; "
                "see that nothing on the way changes the body"
            )
            raise BadSignature(message)

    def _key(self, serial: str, now: datetime) -> RSAPublicKey:
        if serial in self.public_keys:
            return self.public_keys[serial]
        found = self.certificates.get(serial.upper().lstrip("0"))
        if found is None:
            message = f"no key or certificate {serial[:100]!r} (Wechatpay-Serial) is configured"
            raise BadSignature(message)
        if not found.not_before <= now <= found.not_after:
            message = f"certificate {found.serial} holds until {found.not_after.astimezone(UTC)}"
            raise BadSignature(message)
        return found.key


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPayMerchant:
    """Who we are there. ``serial``: of the merchant's certificate, whose private key is ``key``."""

    merchant_id: str
    serial: str
    key: RSAPrivateKey

    def authorization(
        self, *, method: str, target: str, body: bytes, nonce: str, now: datetime
    ) -> str:
        """The header of a request. ``target``: its path, with the query."""
        timestamp = int(now.timestamp())
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = signature_of(self.key, message)
        return (
            f'{_SCHEME} mchid="{self.merchant_id}",nonce_str="{nonce}",'
            f'signature="{signature}",timestamp="{timestamp}",serial_no="{self.serial}"'
        )
