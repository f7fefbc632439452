"""Any provider that takes a JSON document by POST and signs its webhooks.

Asked: 2xx takes the request on; 402 and 422 refuse it, and 410 says that the mandate is gone. All
else is no answer: the same is sent again, under the same Idempotency-Key.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx
from pydantic import JsonValue

from prepay_ledger.payment_requests.post import post_json, text_at, unclear
from prepay_ledger.payment_requests.template import filled, places
from prepay_ledger.payment_requests.values import (
    Accepted,
    Answer,
    NoAnswer,
    PaymentRequest,
    Refused,
)
from prewatt_common.clock import Clock

_REFUSES = (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequester:
    """A `Requester`. ``secret``: what requests are signed with by Standard Webhooks; none: they
    are not. ``for_good``: the codes by which the provider says that the mandate is gone."""

    url: str
    headers: Mapping[str, str]
    body: JsonValue
    secret: str | None
    payment_id: tuple[str, ...]
    code: tuple[str, ...]
    for_good: Collection[str]
    client: httpx.AsyncClient
    clock: Clock

    def refused_reference(self, reference: str) -> str | None:  # noqa: ARG002
        """Any will do."""
        return None

    async def ask(self, request: PaymentRequest) -> Answer:
        """The same however often it is asked: the request's id is the Idempotency-Key."""
        posted = await post_json(
            self.client,
            self.url,
            headers=self.headers,
            document=filled(self.body, places(request)),
            request_id=request.id,
            secret=self.secret,
            now=self.clock(),
        )
        if isinstance(posted, NoAnswer):
            return posted
        payment_id = text_at(posted.document, *self.payment_id)
        if httpx.codes.is_success(posted.status):
            return Accepted(payment_id)
        code = text_at(posted.document, *self.code) or str(posted.status)
        if posted.status == HTTPStatus.GONE:
            return Refused(code=code, for_good=True, payment_id=payment_id)
        if posted.status in _REFUSES:
            for_good = code in self.for_good
            return Refused(code=code, for_good=for_good, payment_id=payment_id)
        return unclear(posted)
