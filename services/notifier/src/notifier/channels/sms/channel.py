"""SMS through Kannel's sendsms interface, or a gateway that speaks it."""

from dataclasses import dataclass

import httpx

from notifier.channels.http_peer import ask, failure_of, takes_connections
from notifier.channels.ports import Acceptance
from notifier.channels.segments import segments_of
from notifier.channels.sms.receipts import ASKED, ReceiptAddress
from notifier.channels.sms.rules import CODINGS
from notifier.notices.values import Notice, Text


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Where messages are handed in, and as whom."""

    url: str
    username: str
    password: str
    sender: str | None
    receipts: ReceiptAddress | None = None
    """Without it the gateway is asked for none, and no SMS counts as delivered."""


class SmsChannel:
    """Hands short texts to the gateway; ``binfo`` carries the notice's id into its logs."""

    def __init__(self, gateway: SmsGateway, *, client: httpx.AsyncClient) -> None:
        self._gateway = gateway
        self._client = client

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """The gateway accepted it: sent on (202, ``0:``) or kept to be sent (202, ``3:``)."""
        # The gateway cuts it itself, and into no fewer.
        segments = segments_of(text.short)
        query = {
            "username": self._gateway.username,
            "password": self._gateway.password,
            "to": notice.recipient,
            "text": text.short,
            "charset": "UTF-8",
            "coding": CODINGS[segments.alphabet],
            "binfo": str(notice.id),
        }
        if self._gateway.sender:
            query["from"] = self._gateway.sender
        if self._gateway.receipts:
            query["dlr-mask"] = ASKED
            query["dlr-url"] = self._gateway.receipts.of(notice.id)
        request = self._client.build_request("GET", self._gateway.url, params=query)
        answer = await ask(self._client, request)
        if answer.is_success:
            return Acceptance(segments=len(segments.parts))
        raise failure_of(answer.status_code, answer.text)

    async def check(self) -> str:
        """A readiness check."""
        return await takes_connections(self._gateway.url)
