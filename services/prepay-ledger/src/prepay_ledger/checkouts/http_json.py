"""Any provider that takes a JSON document by POST and answers where the payer is to go.

Asked: 2xx with a page begins the payment; 402 and 422 decline it. All else is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from prepay_ledger.checkouts.page_url import page_ready
from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined
from prepay_ledger.payment_requests.json_peer import JsonPeer
from prepay_ledger.payment_requests.post import text_at, unclear
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import decimal_of

NAMES = frozenset(
    {"request_id", "account_number", "amount_micro", "amount", "currency", "title", "language"}
    | {"return_url", "cancel_url"}
)
"""What may stand between braces in the body."""
_DECLINES = (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheckout:
    """A `Checkout`. ``page``: where the answer has it."""

    peer: JsonPeer
    page: tuple[str, ...]
    labels: Mapping[str, str]
    page_origins: tuple[str, ...]

    def refused_amount(self, amount_micro: int, currency: str) -> bool:  # noqa: ARG002
        """Micro-units go as they are."""
        return False

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """Under the request's id."""
        posted = await self.peer.ask(_places(request), request_id=request.id)
        if isinstance(posted, NoAnswer):
            return posted
        if httpx.codes.is_success(posted.status):
            url = text_at(posted.document, *self.page, characters_max=4_001)
            return page_ready(url, origins=self.page_origins)
        if posted.status in _DECLINES:
            return Declined(self.peer.code_of(posted) or str(posted.status))
        return unclear(posted)


def _places(request: CheckoutRequest) -> dict[str, str | int]:
    return {
        "request_id": str(request.id),
        "account_number": request.account_number,
        "amount_micro": request.amount_micro,
        "amount": decimal_of(request.amount_micro),
        "currency": request.currency,
        "title": request.title,
        "language": request.language,
        "return_url": request.return_url,
        "cancel_url": request.cancel_url,
    }
