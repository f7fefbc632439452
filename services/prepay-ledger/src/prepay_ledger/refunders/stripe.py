"""Stripe: a refund of a payment intent, or of a charge that has none.

docs.stripe.com/api/refunds/create and /retrieve. The answer is the refund as its events tell it
(`providers/stripe_events.py`), whose metadata name the request.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from prepay_ledger.payment_requests.post import Posted, send, text_at, unclear
from prepay_ledger.payment_requests.stripe import post_form
from prepay_ledger.payment_requests.values import NoAnswer
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

REFUSALS = frozenset(
    {"charge_already_refunded", "charge_disputed", "charge_not_refundable"}
    | {"amount_too_large", "amount_too_small", "resource_missing", "refund_disputed_payment"}
)
"""docs.stripe.com/error-codes: what no later try mends. Any other is a fault of the settings, or of
the balance at Stripe, which somebody mends."""
_INTENT = "pi_"
_REFUND = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeRefunder:
    """A `Refunder`."""

    url: str
    api_key: str
    api_version: str
    client: httpx.AsyncClient
    looks = True

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Stripe counts in minor units."""
        return whole_minor(amount_micro, currency) != amount_micro

    async def ask(self, request: BackRequest) -> BackAnswer:
        """Asked again under its key Stripe gives its first answer again, for a day."""
        posted = await post_form(
            self.client,
            self.url,
            api_key=self.api_key,
            api_version=self.api_version,
            request_id=request.id,
            form=_form(request),
        )
        return posted if isinstance(posted, NoAnswer) else _answer(posted, request)

    async def look(self, request: BackRequest) -> BackAnswer:
        """By the refund's id."""
        if not _REFUND.fullmatch(request.movement_id):
            return NoAnswer("Stripe has not told the refund's id", is_there=True)
        headers = {"authorization": f"Bearer {self.api_key}", "stripe-version": self.api_version}
        url = f"{self.url}/{request.movement_id}"
        posted = await send(self.client, "GET", url, headers=headers)
        if isinstance(posted, NoAnswer):
            return posted
        # That it is not found says nothing of a refund whose id Stripe has told.
        return (
            _refund(posted, request) if httpx.codes.is_success(posted.status) else unclear(posted)
        )


def _form(request: BackRequest) -> Mapping[str, str]:
    of = "payment_intent" if request.payment_id.startswith(_INTENT) else "charge"
    return {
        of: request.payment_id,
        "amount": str(minor_of_micro(request.amount_micro, request.currency)),
        "reason": "requested_by_customer",
        "metadata[account_number]": request.account_number,
        "metadata[request_id]": str(request.id),
    }


def _answer(posted: Posted, request: BackRequest) -> BackAnswer:
    if httpx.codes.is_success(posted.status):
        return _refund(posted, request)
    code = text_at(posted.document, "error", "code")
    if httpx.codes.is_client_error(posted.status) and code in REFUSALS:
        return NotGiven(code)
    return unclear(posted, code)


def _refund(posted: Posted, request: BackRequest) -> BackAnswer:
    found = posted.document
    refund_id, status = text_at(found, "id"), text_at(found, "status")
    if not refund_id or not status:
        return NoAnswer("the answer is no refund", is_there=True)
    amount_micro = told_micro(found.get("amount"), request.currency)
    if amount_micro is None or text_at(found, "currency").upper() != request.currency:
        logger.error("Stripe answers refund %s with another one: %s", request.id, refund_id)
        return NoAnswer("the answer is a refund in another currency", is_there=True)
    match status:
        case "succeeded":
            # Also of another amount: it went, and two people have to take that for it.
            return given_back(request, refund_id, amount_micro=amount_micro)
        case "failed" | "canceled":
            return given_back(request, refund_id, kind=Kind.REFUND_FAILED)
        case _:
            return Taken(refund_id)
