"""Any provider that takes a JSON document by POST and signs its webhooks.

Asked: 2xx takes the request on; 402 and 422 refuse it, and 410 says that the mandate is gone. All
else is no answer: the same is sent again, under the same Idempotency-Key.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx
from pydantic import JsonValue
from standardwebhooks.webhooks import Webhook

from prepay_ledger.payment_requests.post import post, text_at, unclear
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
        """The signature is made anew each time, the key and the body stay."""
        content = json.dumps(filled(self.body, places(request)), ensure_ascii=False)
        posted = await post(
            self.client,
            self.url,
            headers={
                **self.headers,
                "content-type": "application/json",
                "idempotency-key": str(request.id),
                **self._signed(request, content),
            },
            content=content.encode(),
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

    def _signed(self, request: PaymentRequest, content: str) -> Mapping[str, str]:
        if self.secret is None:
            return {}
        now = self.clock()
        return {
            "webhook-id": str(request.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(str(request.id), now, content),
        }
