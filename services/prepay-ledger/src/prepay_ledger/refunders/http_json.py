"""Any provider that takes a JSON document by POST and signs its webhooks.

Asked: 2xx takes it on; 402 and 422 refuse it. All else is no answer: the same is sent again, under
the same Idempotency-Key. Its event ``payment.refunded`` tells what came of it.
"""

from dataclasses import dataclass
from http import HTTPStatus

import httpx

from prepay_ledger.payment_requests.json_peer import JsonPeer
from prepay_ledger.payment_requests.post import text_at, unclear
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.refunders.values import BackAnswer, BackRequest, NotGiven, Taken

NAMES = frozenset(
    {"request_id", "payment_id", "account_number", "amount_micro", "amount", "currency"}
)
"""What may stand between braces in the body."""
_REFUSES = (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRefunder:
    """A `Refunder`. ``movement_id``: where the answer has it."""

    peer: JsonPeer
    movement_id: tuple[str, ...]
    looks = False

    def refused_amount(self, amount_micro: int, currency: str) -> bool:  # noqa: ARG002
        """Micro-units go as they are."""
        return False

    async def ask(self, request: BackRequest) -> BackAnswer:
        """Under the request's id."""
        posted = await self.peer.ask(_places(request), request_id=request.id)
        if isinstance(posted, NoAnswer):
            return posted
        if httpx.codes.is_success(posted.status):
            return Taken(text_at(posted.document, *self.movement_id))
        if posted.status in _REFUSES:
            return NotGiven(self.peer.code_of(posted) or str(posted.status))
        return unclear(posted, self.peer.code_of(posted))

    async def look(self, request: BackRequest) -> BackAnswer:  # noqa: ARG002
        """Nothing says where to."""
        return NoAnswer("its event is waited for", is_there=True)


def _places(request: BackRequest) -> dict[str, str | int]:
    return {
        "request_id": str(request.id),
        "payment_id": request.payment_id,
        "account_number": request.account_number,
        "amount_micro": request.amount_micro,
        "amount": decimal_of(request.amount_micro),
        "currency": request.currency,
    }
