"""SMS through Kannel's sendsms interface, or a gateway that speaks it."""

import asyncio
from dataclasses import dataclass

import httpx

from notifier.channels.ports import Acceptance, PeerDown
from notifier.channels.segments import segments_of
from notifier.channels.sms.receipts import ASKED, ReceiptAddress
from notifier.channels.sms.rules import CODINGS, failure_of
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
        try:
            answer = await self._client.get(self._gateway.url, params=query)
        except httpx.HTTPError as error:
            # Not the error's text: it may name the URL, and that holds the password.
            raise PeerDown(f"no answer from the gateway: {type(error).__name__}") from error
        if answer.is_success:
            return Acceptance(segments=len(segments.parts))
        raise failure_of(answer.status_code, answer.text)

    async def check(self) -> str:
        """A readiness check: the gateway takes connections. Asking more would send something."""
        url = httpx.URL(self._gateway.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        _, writer = await asyncio.open_connection(url.host, port)
        writer.close()
        await writer.wait_closed()
        return "takes connections"


def make_client(*, timeout_s: float, connections_max: int) -> httpx.AsyncClient:
    """A client with as many connections as there are deliveries at a time."""
    limits = httpx.Limits(max_connections=connections_max)
    return httpx.AsyncClient(timeout=timeout_s, limits=limits, follow_redirects=False)
