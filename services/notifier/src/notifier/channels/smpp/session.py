"""One connection to an SMS centre: requests and their answers, both ways."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from smpplib.command import Command

from notifier.channels.ports import PeerDown
from notifier.channels.smpp import pdus
from notifier.channels.smpp.rules import STATUS_OK, failure_of

logger = logging.getLogger(__name__)

_PDU_OCTETS_MAX = 64 * 1024
_SEQUENCE_MAX = 0x7FFFFFFF
_DELIVERIES_MAX = 200
_UNKNOWN_COMMAND = 0x03
_QUEUE_FULL = 0x14
_NEVER = 0x65

TakeDelivery = Callable[[Command], Awaitable[int]]
"""Takes a ``deliver_sm`` and gives the status to answer with."""


class Session:
    """``run`` reads until the connection ends, and closes it; ``ask`` sends a request and waits for
    its answer."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        take_delivery: TakeDelivery,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._take_delivery = take_delivery
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Command]] = {}
        self._deliveries: asyncio.Queue[Command] = asyncio.Queue(_DELIVERIES_MAX)

    async def ask(self, pdu: Command) -> Command:
        """The answer, whose status is good. Raises what a bad one means, and `PeerDown` where the
        connection ends first: nobody knows then whether the centre has it."""
        self._sequence = self._sequence % _SEQUENCE_MAX + 1
        sequence = self._sequence
        answer: asyncio.Future[Command] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._writer.write(pdus.write(pdu, sequence=sequence))
            await self._writer.drain()
            answered = await answer
        finally:
            self._waiting.pop(sequence, None)
        if answered.status != STATUS_OK:
            raise failure_of(answered.status)
        return answered

    async def run(self) -> None:
        """Raises `PeerDown` at the connection's end; gives back once the centre unbinds."""
        taking = asyncio.create_task(self._take_deliveries())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait({taking, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            taking.cancel()
            reading.cancel()
            await asyncio.gather(taking, reading, return_exceptions=True)
            self.close()
        for task in (taking, reading):
            if not task.cancelled():
                task.result()

    def close(self) -> None:
        """Whoever still waits for an answer learns that none will come. May be called twice."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(PeerDown("the connection to the SMS centre ended"))
        self._writer.close()

    async def _read(self) -> None:
        try:
            while True:
                octets = await self._reader.readexactly(pdus.LENGTH.size)
                (length,) = pdus.LENGTH.unpack(octets)
                if not pdus.HEADER_OCTETS <= length <= _PDU_OCTETS_MAX:
                    raise PeerDown(f"the SMS centre sends a PDU of {length} octets")
                octets += await self._reader.readexactly(length - len(octets))
                if not self._take(octets):
                    return
        except (OSError, EOFError) as error:
            raise PeerDown(f"the connection to the SMS centre ended: {error!r}") from error

    def _take(self, octets: bytes) -> bool:
        """False where the centre ends the session."""
        try:
            pdu = pdus.read(octets)
        except pdus.Unreadable as unreadable:
            self._not_understood(unreadable)
            return True
        if pdu.is_response():
            answer = self._waiting.get(pdu.sequence)
            if answer is None:
                logger.warning("an answer of the SMS centre came too late: %s", pdu.command)
            elif not answer.done():
                answer.set_result(pdu)
            return True
        match pdu.command:
            case "deliver_sm":
                try:
                    self._deliveries.put_nowait(pdu)
                except asyncio.QueueFull:
                    self._answer("deliver_sm_resp", pdu.sequence, status=_QUEUE_FULL)
            case "enquire_link":
                self._answer("enquire_link_resp", pdu.sequence)
            case "unbind":
                self._answer("unbind_resp", pdu.sequence)
                return False
            case _:
                self._answer("generic_nack", pdu.sequence, status=_UNKNOWN_COMMAND)
        return True

    def _not_understood(self, unreadable: pdus.Unreadable) -> None:
        logger.error("the SMS centre sends %s: it is not taken", unreadable)
        answer = self._waiting.get(unreadable.sequence)
        if not unreadable.is_response:
            self._answer("generic_nack", unreadable.sequence, status=_UNKNOWN_COMMAND)
        elif answer is not None and not answer.done():
            answer.set_exception(failure_of(unreadable.status or _NEVER))

    async def _take_deliveries(self) -> None:
        """One after the other; answered once what it says is kept, so that it comes again else."""
        while True:
            pdu = await self._deliveries.get()
            status = await self._take_delivery(pdu)
            self._answer("deliver_sm_resp", pdu.sequence, status=status)

    def _answer(self, command: str, sequence: int, *, status: int = STATUS_OK) -> None:
        self._writer.write(pdus.write(pdus.bare(command, status=status), sequence=sequence))
