"""Any provider that takes a JSON document by POST and signs its webhooks.

Asked: 2xx takes the request on; 402 and 422 refuse it, and 410 says that the mandate is gone. All
else is no answer: the same is sent again, under the same Idempotency-Key.
"""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from prepay_ledger.payment_requests.json_peer import JsonPeer
from prepay_ledger.payment_requests.post import text_at, unclear
from prepay_ledger.payment_requests.template import places
from prepay_ledger.payment_requests.values import (
    Accepted,
    Answer,
    NoAnswer,
    PaymentRequest,
    Refused,
)

_REFUSES = (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequester:
    """A `Requester`. ``payment_id``: where the answer has it. ``for_good``: the codes by which the
    provider says that the mandate is gone."""

    peer: JsonPeer
    payment_id: tuple[str, ...]
    for_good: Collection[str]

    def refused_reference(self, reference: str) -> str | None:  # noqa: ARG002
        """Any will do."""
        return None

    async def ask(self, request: PaymentRequest) -> Answer:
        """Under the request's id."""
        posted = await self.peer.ask(places(request), request_id=request.id)
        if isinstance(posted, NoAnswer):
            return posted
        payment_id = text_at(posted.document, *self.payment_id)
        if httpx.codes.is_success(posted.status):
            return Accepted(payment_id)
        code = self.peer.code_of(posted) or str(posted.status)
        if posted.status == HTTPStatus.GONE:
            return Refused(code=code, for_good=True, payment_id=payment_id)
        if posted.status in _REFUSES:
            for_good = code in self.for_good
            return Refused(code=code, for_good=for_good, payment_id=payment_id)
        return unclear(posted)
