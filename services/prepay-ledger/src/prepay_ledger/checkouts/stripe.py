"""Stripe: a Checkout Session, at whose page the payer pays once.

docs.stripe.com/api/checkout/sessions/create. Its payment intent has our metadata, so the events
``payment_intent.succeeded`` and ``charge.succeeded`` name the account and the request as those of
automatic top-ups do (`providers/stripe_events.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import httpx

from prepay_ledger.checkouts.page_url import page_ready
from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined
from prepay_ledger.payment_requests.post import text_at, unclear
from prepay_ledger.payment_requests.stripe import post_form
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import minor_of_micro, whole_minor

_OPEN_FOR = timedelta(hours=2)
"""Stripe takes 30 minutes to 24 hours from when it is asked, and it may be asked again for an hour
(`pay_links/rules.py`)."""
_OF_AMOUNT = frozenset({"amount_too_small", "amount_too_large"})
"""Of a 400: Stripe has bounds of its own for each currency. Any other is a fault of ours."""
_LOCALES = {"en": "en", "zh-CN": "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeCheckout:
    """A `Checkout`."""

    url: str
    api_key: str
    api_version: str
    labels: Mapping[str, str]
    page_origins: tuple[str, ...]
    client: httpx.AsyncClient

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Stripe counts in minor units."""
        return whole_minor(amount_micro, currency) != amount_micro

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """What the metadata names comes back in every event of the payment."""
        posted = await post_form(
            self.client,
            self.url,
            api_key=self.api_key,
            api_version=self.api_version,
            request_id=request.id,
            form=_form(request),
        )
        if isinstance(posted, NoAnswer):
            return posted
        if httpx.codes.is_success(posted.status):
            url = text_at(posted.document, "url", characters_max=4_001)
            return page_ready(url, origins=self.page_origins)
        code = text_at(posted.document, "error", "code")
        of_amount = posted.status == HTTPStatus.BAD_REQUEST and code in _OF_AMOUNT
        if posted.status == HTTPStatus.PAYMENT_REQUIRED or of_amount:
            return Declined(code or "declined")
        return unclear(posted)


def _form(request: CheckoutRequest) -> Mapping[str, str]:
    amount = minor_of_micro(request.amount_micro, request.currency)
    return {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": request.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(amount),
        "line_items[0][price_data][product_data][name]": request.title,
        "payment_intent_data[metadata][account_number]": request.account_number,
        "payment_intent_data[metadata][request_id]": str(request.id),
        "client_reference_id": str(request.id),
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
        "expires_at": str(int((request.begun_at + _OPEN_FOR).timestamp())),
        "locale": _LOCALES.get(request.language, "auto"),
    }
