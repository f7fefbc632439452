"""Any provider that takes a JSON document by POST and answers where the payer is to go.

Asked: 2xx with a page begins the payment; 402 and 422 decline it. All else is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx
from pydantic import JsonValue

from prepay_ledger.checkouts.page_url import page_ready
from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined
from prepay_ledger.payment_requests.post import post_json, text_at, unclear
from prepay_ledger.payment_requests.template import filled
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import decimal_of
from prewatt_common.clock import Clock

NAMES = frozenset(
    {"request_id", "account_number", "amount_micro", "amount", "currency", "title", "language"}
    | {"return_url", "cancel_url"}
)
"""What may stand between braces in the body."""
_DECLINES = (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheckout:
    """A `Checkout`. ``secret``: what requests are signed with by Standard Webhooks; none: they
    are not. ``page`` and ``code``: where the answer has them."""

    url: str
    headers: Mapping[str, str]
    body: JsonValue
    secret: str | None
    page: tuple[str, ...]
    code: tuple[str, ...]
    labels: Mapping[str, str]
    page_origins: tuple[str, ...]
    client: httpx.AsyncClient
    clock: Clock

    def refused_amount(self, amount_micro: int, currency: str) -> bool:  # noqa: ARG002
        """Micro-units go as they are."""
        return False

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """The same however often it is asked: the request's id is the Idempotency-Key."""
        posted = await post_json(
            self.client,
            self.url,
            headers=self.headers,
            document=filled(self.body, _places(request)),
            request_id=request.id,
            secret=self.secret,
            now=self.clock(),
        )
        if isinstance(posted, NoAnswer):
            return posted
        if httpx.codes.is_success(posted.status):
            url = text_at(posted.document, *self.page, characters_max=4_001)
            return page_ready(url, origins=self.page_origins)
        if posted.status in _DECLINES:
            return Declined(text_at(posted.document, *self.code) or str(posted.status))
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
