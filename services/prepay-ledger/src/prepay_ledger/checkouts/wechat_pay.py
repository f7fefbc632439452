"""WeChat Pay API v3: an order whose code the payer scans with WeChat (native), or whose page opens
WeChat on the phone that the payer pays by (H5).

pay.weixin.qq.com/doc/v3/merchant/4012791877 (native) and 4012791834 (H5). The same order with the
same body gives its code or page again, so it is the idempotency key. What is answered is signed:
what is not is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal

import httpx

from prepay_ledger.checkouts.page_url import page_ready
from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined, PageReady
from prepay_ledger.payment_requests.post import Posted, text_at, unclear
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.payment_requests.wechat_pay import NOT_SIGNED, WeChatPayApi
from prepay_ledger.providers.amounts import minor_of_micro, whole_minor

_CHINA = timezone(timedelta(hours=8))
_OPEN_FOR = timedelta(hours=2)
_DESCRIPTION_CHARACTERS_MAX = 127
_CODE_BEGIN = "weixin://"
_CODE_CHARACTERS_MAX = 512
_DECLINES = frozenset({"RULE_LIMIT", "ORDER_CLOSED", "OPENID_MISMATCH"})
"""Words of its for what no later try mends. Of the others a fault of the settings is ours, and an
order that is paid its webhook tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPayCheckout:
    """A `Checkout`. ``product``: `native`, whose page is a code to scan, shown on a page of ours;
    or `h5`. ``notify_url``: our webhook, as WeChat Pay reaches it."""

    url: str
    product: Literal["native", "h5"]
    app_id: str
    api: WeChatPayApi
    notify_url: str
    labels: Mapping[str, str]
    page_origins: tuple[str, ...] = ()
    """Of H5. By a code nobody is sent anywhere."""

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Yuan, in whole fen."""
        return currency != "CNY" or whole_minor(amount_micro, currency) != amount_micro

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """The account's number comes back as ``attach``, and our id as ``out_trade_no``."""
        order = self._order(request)
        if self.product == "h5":
            scene = {"payer_client_ip": request.payer_address, "h5_info": {"type": "Wap"}}
            order = {**order, "scene_info": scene}
        posted = await self.api.call("POST", self.url, order)
        return posted if isinstance(posted, NoAnswer) else self._answer(posted, request)

    def _order(self, request: CheckoutRequest) -> Mapping[str, object]:
        expires = (request.begun_at + _OPEN_FOR).astimezone(_CHINA)
        return {
            "appid": self.app_id,
            "mchid": self.api.merchant.merchant_id,
            "description": request.title[:_DESCRIPTION_CHARACTERS_MAX],
            "out_trade_no": request.id.hex,
            "time_expire": expires.isoformat(timespec="seconds"),
            "attach": request.account_number,
            "notify_url": self.notify_url,
            "amount": {
                "total": minor_of_micro(request.amount_micro, request.currency),
                "currency": request.currency,
            },
        }

    def _answer(self, posted: Posted, request: CheckoutRequest) -> CheckoutAnswer:
        code = text_at(posted.document, "code")
        is_success = httpx.codes.is_success(posted.status)
        if not is_success and code not in _DECLINES:
            return unclear(posted)
        if not self.api.is_signed(posted):
            return NOT_SIGNED
        if not is_success:
            return Declined(code)
        if self.product == "h5":
            return self._page(text_at(posted.document, "h5_url", characters_max=4_001), request)
        scanned = text_at(posted.document, "code_url", characters_max=_CODE_CHARACTERS_MAX + 1)
        if not scanned.startswith(_CODE_BEGIN) or len(scanned) > _CODE_CHARACTERS_MAX:
            return NoAnswer("the answer has no code to scan", is_there=True)
        return PageReady(scanned)

    def _page(self, text: str, request: CheckoutRequest) -> CheckoutAnswer:
        """From which the payer comes back to us, paid or not."""
        page = page_ready(text, origins=self.page_origins)
        if isinstance(page, NoAnswer):
            return page
        url = httpx.URL(page.url).copy_add_param("redirect_url", request.return_url)
        return page_ready(str(url), origins=self.page_origins)
