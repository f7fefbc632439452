"""Alipay: a signed address at which the payer pays, in a browser of a phone or of a computer.

opendocs.alipay.com/open/203 (``alipay.trade.wap.pay``) and /270 (``alipay.trade.page.pay``). Nobody
is asked beforehand: the same request gives the same address, and the same order is paid once. The
library python-alipay-sdk checks the signature in our tests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, PageReady
from prepay_ledger.providers.amounts import decimal_of, whole_minor
from prepay_ledger.providers.rsa_keys import signature_of

_CHINA = timezone(timedelta(hours=8))
_OPEN_FOR = timedelta(hours=2)
METHODS: Mapping[str, tuple[str, str]] = {
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
"""By product: what is called, and its product code."""
_NOT_IN_SUBJECTS = str.maketrans(dict.fromkeys("/=&", " "))
_SUBJECT_CHARACTERS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayCheckout:
    """A `Checkout`. ``key``: the app's own private key. ``notify_url``: our webhook, as Alipay
    reaches it."""

    url: str
    app_id: str
    key: RSAPrivateKey
    product: str
    notify_url: str
    labels: Mapping[str, str]
    page_origins: tuple[str, ...]

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Yuan, in whole fen."""
        return currency != "CNY" or whole_minor(amount_micro, currency) != amount_micro

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """The account's number comes back as ``passback_params``, and our id as ``out_trade_no``,
        which has no hyphens there."""
        parameters = self._parameters(request)
        signed = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        sign = signature_of(self.key, signed.encode())
        return PageReady(f"{self.url}?{urlencode({**parameters, 'sign': sign})}")

    def _parameters(self, request: CheckoutRequest) -> Mapping[str, str]:
        method, product_code = METHODS[self.product]
        subject = request.title.translate(_NOT_IN_SUBJECTS)[:_SUBJECT_CHARACTERS_MAX]
        order = {
            "out_trade_no": request.id.hex,
            "total_amount": decimal_of(request.amount_micro),
            "subject": subject,
            "product_code": product_code,
            "passback_params": quote_plus(request.account_number),
            "time_expire": _china_text(request.begun_at + _OPEN_FOR),
            "quit_url": request.cancel_url,
        }
        return {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": _china_text(request.begun_at),
            "version": "1.0",
            "return_url": request.return_url,
            "notify_url": self.notify_url,
            "biz_content": json.dumps(order, ensure_ascii=False, separators=(",", ":")),
        }


def _china_text(at: datetime) -> str:
    return f"{at.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}"
