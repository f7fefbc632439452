"""Alipay's asynchronous notices: a form, signed RSA2 over its sorted, decoded parameters.

opendocs.alipay.com/common/02mse7. The parameters are compared as bytes, whatever ``charset`` says.
The library python-alipay-sdk signs in our tests; it verifies UTF-8 alone, and accepts one key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from prepay_ledger.providers.alipay_events import china_time, form_of, read_notice, text_of
from prepay_ledger.providers.freshness import require_fresh
from prepay_ledger.providers.reading import id_of_body, storable
from prepay_ledger.providers.rsa_keys import signed_by
from prepay_ledger.providers.values import BadSignature, Reading, Receipt, Verified

TOLERANCE = timedelta(hours=26)
"""A notice is repeated for 25 hours until it is answered, and only its own time is signed. One that
is sent again by a stranger within that changes nothing: the trade is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alipay:
    """A `Provider`. ``keys``: Alipay's public keys, not the merchant's own."""

    app_ids: frozenset[str]
    seller_ids: frozenset[str]
    keys: Sequence[RSAPublicKey]
    headers_kept = ()
    receipt = Receipt("text/plain", b"success")

    def verified(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:  # noqa: ARG002
        """The id is ``notify_id``. The signature is in the body: headers prove nothing."""
        form = form_of(body)
        if form is None:
            message = "the body is no form, or names a parameter twice"
            raise BadSignature(message)
        if form.get(b"sign_type", b"RSA2") != b"RSA2":
            message = "sign_type must be RSA2"
            raise BadSignature(message)
        signed = b"&".join(
            name + b"=" + form[name] for name in sorted(form) if name not in (b"sign", b"sign_type")
        )
        sign = form.get(b"sign", b"").decode("latin-1")
        if not signed_by(self.keys, signature=sign, message=signed):
            message = (
                "sign is not made by one of Alipay's public keys for this app over these "
                "parameters; see that the key is Alipay's and not the merchant's own"
            )
            raise BadSignature(message)
        sent = china_time(text_of(form, b"notify_time"))
        if sent is None:
            message = "notify_time must be a time such as 2026-11-28 17:30:00"
            raise BadSignature(message)
        require_fresh(sent.timestamp(), now, tolerance=TOLERANCE)
        notify_id = storable(text_of(form, b"notify_id"), characters_max=200)
        return Verified(notify_id or id_of_body(body), body)

    def opened(self, body: bytes) -> bytes:
        """Nothing is encrypted."""
        return body

    def read(self, plain: bytes) -> Reading:
        """Trades and their refunds."""
        return read_notice(plain, app_ids=self.app_ids, seller_ids=self.seller_ids)
