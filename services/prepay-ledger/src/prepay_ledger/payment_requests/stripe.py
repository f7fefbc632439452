"""Stripe: a payment intent of a stored payment method, confirmed while the customer is away.

docs.stripe.com/payments/save-and-reuse (off-session), docs.stripe.com/api/idempotent_requests: the
first answer under a key is given again for at least 24 hours, a 500 too; so nothing is sent again
after that, or a second payment could come of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

import httpx
from pydantic import JsonValue

from prepay_ledger.payment_requests.post import Posted, post, text_at, unclear
from prepay_ledger.payment_requests.values import (
    Accepted,
    Answer,
    NoAnswer,
    PaymentRequest,
    Refused,
)
from prepay_ledger.providers.amounts import minor_of_micro

_REFERENCE = re.compile(r"cus_[A-Za-z0-9]+/pm_[A-Za-z0-9]+")
_TAKEN = frozenset({"succeeded", "processing", "requires_capture"})
FOR_GOOD = frozenset(
    {"revocation_of_all_authorizations", "revocation_of_authorization", "stop_payment_order"}
    | {"lost_card", "stolen_card", "pickup_card", "expired_card", "invalid_account"}
    | {"resource_missing", "payment_method_unactivated", "customer_not_found"}
)
"""docs.stripe.com/declines/codes: what no later try mends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeRequester:
    """A `Requester`. A mandate's reference is ``cus_.../pm_...``: whose, and by what means."""

    url: str
    api_key: str
    api_version: str
    client: httpx.AsyncClient

    def refused_reference(self, reference: str) -> str | None:
        """Stripe needs both."""
        if _REFERENCE.fullmatch(reference):
            return None
        return "of Stripe it is the customer and the payment method, as in cus_123/pm_456"

    async def ask(self, request: PaymentRequest) -> Answer:
        """What the metadata names comes back in every event of the payment."""
        posted = await post_form(
            self.client,
            self.url,
            api_key=self.api_key,
            api_version=self.api_version,
            request_id=request.id,
            form=_form(request),
        )
        return posted if isinstance(posted, NoAnswer) else _answer(posted)


async def post_form(
    client: httpx.AsyncClient,
    url: str,
    *,
    api_key: str,
    api_version: str,
    request_id: UUID,
    form: Mapping[str, str],
) -> Posted | NoAnswer:
    """As Stripe takes what is to be done once, whatever it is."""
    return await post(
        client,
        url,
        headers={
            "authorization": f"Bearer {api_key}",
            "content-type": "application/x-www-form-urlencoded",
            "idempotency-key": str(request_id),
            "stripe-version": api_version,
        },
        content=urlencode(form).encode(),
    )


def _form(request: PaymentRequest) -> Mapping[str, str]:
    customer, _, payment_method = request.reference.partition("/")
    return {
        "amount": str(minor_of_micro(request.amount_micro, request.currency)),
        "currency": request.currency.lower(),
        "customer": customer,
        "payment_method": payment_method,
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "confirm": "true",
        "off_session": "true",
        "metadata[account_number]": request.account_number,
        "metadata[request_id]": str(request.id),
    }


def _answer(posted: Posted) -> Answer:
    if httpx.codes.is_success(posted.status):
        return _of_intent(posted.document)
    code = text_at(posted.document, "error", "decline_code") or text_at(
        posted.document, "error", "code"
    )
    payment_id = text_at(posted.document, "error", "payment_intent", "id")
    declined = posted.status == HTTPStatus.PAYMENT_REQUIRED
    # Of a request that Stripe cannot carry out, only what is missing is the mandate's fault: all
    # else is ours, and is tried again once it is mended.
    missing = posted.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND) and code in FOR_GOOD
    if declined or missing:
        return Refused(code=code or "declined", for_good=code in FOR_GOOD, payment_id=payment_id)
    return unclear(posted)


def _of_intent(document: Mapping[str, JsonValue]) -> Answer:
    payment_id, status = text_at(document, "id"), text_at(document, "status")
    if not payment_id or not status:
        return NoAnswer("the answer is no payment intent", is_there=True)
    if status in _TAKEN:
        return Accepted(payment_id)
    return Refused(code=status, for_good=False, payment_id=payment_id)
