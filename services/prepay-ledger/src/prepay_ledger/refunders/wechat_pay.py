"""WeChat Pay API v3: a refund of a transaction, signed by the merchant; answers signed by it.

pay.weixin.qq.com/doc/v3/merchant/4012791883 (asking) and 4012791884 (looking). The same
``out_refund_no`` with the same content is one refund, for ever. Most are `PROCESSING` as they are
taken; the notice ``REFUND.SUCCESS`` and its like tell the end.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from prepay_ledger.payment_requests.post import Posted, text_at, unclear
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.payment_requests.wechat_pay import NOT_SIGNED, WeChatPayApi
from prepay_ledger.providers.amounts import minor_of_micro, whole_minor
from prepay_ledger.providers.values import Kind
from prepay_ledger.refunders.values import (
    BackAnswer,
    BackRequest,
    NotGiven,
    Taken,
    given_back,
    told_micro,
)

logger = logging.getLogger(__name__)

REFUSALS = frozenset({"USER_ACCOUNT_ABNORMAL", "RESOURCE_NOT_EXISTS"})
"""Words of its for what no later try mends: the payer's account is closed, there is no such
transaction. `NOT_ENOUGH` is of the merchant's balance, which somebody fills."""
_TAKEN = ("PROCESSING", "ABNORMAL")
"""ABNORMAL: the payer's card is dead; the merchant completes it at WeChat, and then it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPayRefunder:
    """A `Refunder`. ``notify_url``: our webhook, as WeChat Pay reaches it."""

    url: str
    api: WeChatPayApi
    notify_url: str
    looks = True

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Yuan, in whole fen."""
        return currency != "CNY" or whole_minor(amount_micro, currency) != amount_micro

    async def ask(self, request: BackRequest) -> BackAnswer:
        """Our id is its ``out_refund_no``, without hyphens; asked again it says how it stands."""
        posted = await self.api.call("POST", self.url, self._document(request))
        if isinstance(posted, NoAnswer):
            return posted
        code = text_at(posted.document, "code")
        is_success = httpx.codes.is_success(posted.status)
        if not is_success and code not in REFUSALS:
            return unclear(posted, code)
        if not self.api.is_signed(posted):
            return NOT_SIGNED
        return _refund(posted, request) if is_success else NotGiven(code)

    async def look(self, request: BackRequest) -> BackAnswer:
        """By our own number of it."""
        posted = await self.api.call("GET", f"{self.url}/{request.id.hex}")
        if isinstance(posted, NoAnswer):
            return posted
        if not httpx.codes.is_success(posted.status):
            return unclear(posted)
        return _refund(posted, request) if self.api.is_signed(posted) else NOT_SIGNED

    def _document(self, request: BackRequest) -> Mapping[str, object]:
        return {
            "transaction_id": request.payment_id,
            "out_refund_no": request.id.hex,
            "notify_url": self.notify_url,
            "amount": {
                "refund": minor_of_micro(request.amount_micro, request.currency),
                "total": minor_of_micro(request.paid_micro, request.currency),
                "currency": request.currency,
            },
        }


def _refund(posted: Posted, request: BackRequest) -> BackAnswer:
    found = posted.document
    refund_id, status = text_at(found, "refund_id"), text_at(found, "status")
    if not refund_id or not status:
        return NoAnswer("the answer is no refund", is_there=True)
    amount = found.get("amount")
    told = amount.get("refund") if isinstance(amount, dict) else None
    amount_micro = told_micro(told, request.currency)
    if text_at(found, "out_refund_no") != request.id.hex or amount_micro is None:
        logger.error("WeChat Pay answers refund %s with another one: %s", request.id, refund_id)
        return NoAnswer("the answer is another refund", is_there=True)
    match status:
        case "SUCCESS":
            # Also of another amount: it went, and two people have to take that for it.
            return given_back(request, refund_id, amount_micro=amount_micro)
        case "CLOSED":
            return given_back(request, refund_id, kind=Kind.REFUND_FAILED)
        case _ if status in _TAKEN:
            return Taken(refund_id)
        case _:
            return NoAnswer(f"the refund is {status[:40]}", is_there=True)
