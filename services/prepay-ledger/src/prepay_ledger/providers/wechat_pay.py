"""WeChat Pay API v3: RSA over time, nonce and raw body; what it is about encrypted in the body.

pay.weixin.qq.com/doc/v3/merchant/4012071382 (signature) and 4012071387 (decryption). Platform
certificates or WeChat Pay public keys, chosen by ``Wechatpay-Serial``. The library wechatpayv3
signs in our tests; at its start it fetches certificates, and it verifies only text.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from prepay_ledger.providers.reading import Document, ProviderId, id_of_body
from prepay_ledger.providers.rsa_keys import Certificate
from prepay_ledger.providers.values import Reading, Receipt, Verified
from prepay_ledger.providers.wechat_pay_events import join, read_event
from prepay_ledger.providers.wechat_pay_signatures import (
    NONCE,
    SERIAL,
    SIGNATURE,
    TIMESTAMP,
    WeChatPaySigners,
)

API_V3_KEY_BYTES = 32
_NONCE_BYTES = range(8, 129)
"""What AES-GCM can be asked with; WeChat Pay's has 12."""


class _Resource(Document):
    algorithm: Literal["AEAD_AES_256_GCM"]
    ciphertext: str
    nonce: str
    associated_data: str | None = None


class _Sealed(Document):
    id: ProviderId
    resource: _Resource


class _Named(Document):
    id: ProviderId


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPay:
    """A `Provider`. ``public_keys`` by their id ``PUB_KEY_ID_...``, ``certificates`` by serial."""

    merchant_ids: frozenset[str]
    api_v3_keys: Sequence[bytes]
    public_keys: Mapping[str, RSAPublicKey]
    certificates: Mapping[str, Certificate]
    headers_kept = (SERIAL, SIGNATURE, TIMESTAMP, NONCE, "wechatpay-signature-type")
    receipt = Receipt("application/json", '{"code": "SUCCESS", "message": "成功"}'.encode())

    def verified(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        """The id is the notice's own."""
        WeChatPaySigners(self.public_keys, self.certificates).require(headers, body, now)
        try:
            event_id = _Named.model_validate_json(body).id
        except ValidationError:
            event_id = id_of_body(body)
        return Verified(event_id, self.opened(body))

    def opened(self, body: bytes) -> bytes:
        """The notice with ``resource`` replaced by what was encrypted in it."""
        try:
            resource = _Sealed.model_validate_json(body).resource
        except ValidationError:
            return body
        opened = self._decrypted(resource)
        return body if opened is None else join(body, opened)

    def read(self, plain: bytes) -> Reading:
        """Payments and refunds."""
        return read_event(plain, merchant_ids=self.merchant_ids)

    def _decrypted(self, resource: _Resource) -> bytes | None:
        nonce = resource.nonce.encode("utf-8", "replace")
        associated = (resource.associated_data or "").encode("utf-8", "replace")
        if len(nonce) not in _NONCE_BYTES:
            return None
        try:
            ciphertext = base64.b64decode(resource.ciphertext, validate=True)
        except ValueError:
            return None
        for key in self.api_v3_keys:
            try:
                return AESGCM(key).decrypt(nonce, ciphertext, associated)
            except InvalidTag:
                continue
        return None
