"""A provider that takes a JSON document of the utility's own by POST: what is common to all that it
can be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx
from pydantic import JsonValue

from prepay_ledger.payment_requests.post import Posted, post_json, text_at
from prepay_ledger.payment_requests.template import filled
from prepay_ledger.payment_requests.values import NoAnswer
from prewatt_common.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPeer:
    """``body``: with places for what is asked. ``secret``: what requests are signed with by
    Standard Webhooks; none: they are not. ``code``: where the answer has its word for why not."""

    url: str
    headers: Mapping[str, str]
    body: JsonValue
    secret: str | None
    code: tuple[str, ...]
    client: httpx.AsyncClient
    clock: Clock

    async def ask(self, places: Mapping[str, str | int], *, request_id: UUID) -> Posted | NoAnswer:
        """The same however often it is asked: the request's id is the Idempotency-Key."""
        return await post_json(
            self.client,
            self.url,
            headers=self.headers,
            document=filled(self.body, places),
            request_id=request_id,
            secret=self.secret,
            now=self.clock(),
        )

    def code_of(self, posted: Posted) -> str:
        """Empty where the answer has none."""
        return text_at(posted.document, *self.code)
