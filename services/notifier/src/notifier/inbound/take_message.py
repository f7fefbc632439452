"""Use case: what a customer has written is kept once, before its gateway is told that it is."""

from datetime import timedelta
from uuid import UUID, uuid5

from notifier.channels.ports import Written, WrittenPart
from notifier.channels.reading import text_of
from notifier.deliveries.values import as_kept
from notifier.inbound.ports import InboundStore, OpenInbound
from notifier.inbound.rules import REPEAT_WITHIN, number_of
from notifier.metrics import INBOUND_REPEATS
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

_NAMESPACE = UUID("5c1d9c1e-6a0b-5d0e-8a53-0a4d1c9b7f21")
_TOGETHER_WITHIN = timedelta(days=1)
"""A phone uses its references again: what is older is of another text."""
_TEXT_CHARS_MAX = 2_000
_ID_CHARS_MAX = 200
_SENDER_CHARS_MAX = 30


class TakeMessage:
    """A `TakeWritten`. Where the gateway has an id of its own, a message is known by it; else by
    its words and its time, as near as those tell two messages apart."""

    def __init__(
        self,
        *,
        open_inbound: OpenInbound,
        country_code: str,
        clock: Clock,
    ) -> None:
        self._open_inbound = open_inbound
        self._country_code = country_code
        self._clock = clock

    async def __call__(self, written: Written) -> None:
        """Keeps it; the same again changes nothing."""
        async with self._open_inbound() as store:
            await self._take(store, self._in_our_form(written))

    async def part(self, part: WrittenPart) -> None:
        """Keeps it; with the last one the message is whole."""
        sender = self._sender(part.sender)
        async with self._open_inbound() as store:
            # Of two parts at a time, on two replicas, the second sees the first.
            await store.hold_sender(sender)
            now = self._clock()
            await store.add_part(part, now=now)
            octets = await store.parts(part, since=now - _TOGETHER_WITHIN)
            if len(octets) < part.total:
                return
            await store.forget_parts(part)
            text = text_of(b"".join(octets), part.coding)
            whole = Written(gateway=part.gateway, id=None, sender=part.sender, text=text)
            await self._take(store, self._in_our_form(whole))

    async def _take(self, store: InboundStore, written: Written) -> None:
        await store.hold_sender(written.sender)
        now = self._clock()
        is_new = False
        if written.id is not None:
            message_id = uuid5(_NAMESPACE, f"{written.gateway}/{written.id}")
            is_new = await store.add(message_id, written, now=now)
        elif not await store.is_repeat(written, since=now - REPEAT_WITHIN):
            is_new = await store.add(new_id(), written, now=now)
        if not is_new:
            INBOUND_REPEATS.labels(written.gateway).inc()

    def _in_our_form(self, written: Written) -> Written:
        said_id = written.id
        return Written(
            gateway=written.gateway,
            id=None if said_id is None else as_kept(said_id, chars_max=_ID_CHARS_MAX),
            sender=self._sender(written.sender),
            text=as_kept(written.text, chars_max=_TEXT_CHARS_MAX),
        )

    def _sender(self, sender: str) -> str:
        """A phone's as contacts have it; a short code or a name as it came."""
        number = number_of(sender, country_code=self._country_code)
        return number or as_kept(sender, chars_max=_SENDER_CHARS_MAX)
