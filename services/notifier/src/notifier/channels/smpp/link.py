"""The binding to an SMS centre: kept up, looked after, and bound again."""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from smpplib.command import Command

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.channels.smpp import pdus
from notifier.channels.smpp.session import Session, TakeDelivery
from notifier.metrics import SMPP_BOUND
from prewatt_common.workers import NotRunning, Trouble, wait_any

logger = logging.getLogger(__name__)

_BIND_AGAIN_FIRST_S = 0.5
_BIND_AGAIN_LONGEST_S = 30.0
_CONNECT_S = 10.0
_UNBIND_S = 2.0


@dataclass(frozen=True, slots=True)
class SmppCentre:
    """Where messages are handed in, and as whom."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str
    tls: bool
    ca_file: Path | None
    window: int
    """Messages that wait for the centre's answer at a time."""
    enquire_link_s: float
    timeout_s: float


class SmppLink:
    """A worker that holds one binding. While it has none, `submit` says so at once."""

    name = "smpp"

    def __init__(self, centre: SmppCentre, *, take_delivery: TakeDelivery) -> None:
        self._centre = centre
        self._take_delivery = take_delivery
        self._window = asyncio.Semaphore(centre.window)
        self._session: Session | None = None
        self._trouble = Trouble("not bound yet")
        self._in_hand = 0
        self._free = asyncio.Event()
        self._free.set()
        self._bound = SMPP_BOUND.labels(f"{centre.host}:{centre.port}")
        self._bound.set(0)

    async def submit(self, pdu: Command) -> str:
        """The centre's number of the message, empty where it gives none. Raises the failures of a
        channel."""
        self._in_hand += 1
        self._free.clear()
        try:
            async with self._window:
                if self._session is None:
                    raise PeerDown(self._why_not())
                answer = await self._session.ask(pdu)
        except OSError as error:
            raise PeerDown(f"the connection to the SMS centre ended: {error!r}") from error
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._free.set()
        return (answer.message_id or b"").rstrip(b"\0").decode("latin-1").strip()

    def _why_not(self) -> str:
        try:
            self._trouble.check()
        except NotRunning as error:
            return f"not bound to the SMS centre: {error}"
        return "not bound to the SMS centre"

    async def check(self) -> str:
        """A readiness check. Raises `NotRunning` while it is not bound."""
        if self._session is None:
            raise NotRunning(self._why_not())
        return "bound"

    async def run(self, stop: asyncio.Event) -> None:
        """Bind, and bind again, until ``stop``; what is in hand then is answered first."""
        pause_s = _BIND_AGAIN_FIRST_S
        while not stop.is_set():
            was_bound = False
            try:
                bound = await self._bind()
                was_bound = True
                await self._serve(bound, stop)
                reason = "the SMS centre has ended the session"
            except TimeoutError:
                reason = f"no answer in {self._centre.timeout_s:g} s"
            except (TransientFailure, PermanentFailure, OSError) as error:
                reason = str(error)
            if stop.is_set():
                return
            self._trouble.begin(reason)
            pause_s = _BIND_AGAIN_FIRST_S if was_bound else pause_s
            logger.warning("not bound to the SMS centre: %s; again in %g s", reason, pause_s)
            await wait_any(stop, timeout_s=pause_s)
            pause_s = min(_BIND_AGAIN_LONGEST_S, pause_s * 2)

    async def _bind(self) -> tuple[Session, asyncio.Task[None]]:
        centre = self._centre
        context = ssl.create_default_context(cafile=centre.ca_file) if centre.tls else None
        async with asyncio.timeout(min(centre.timeout_s, _CONNECT_S)):
            reader, writer = await asyncio.open_connection(centre.host, centre.port, ssl=context)
        session = Session(reader, writer, take_delivery=self._take_delivery)
        running = asyncio.create_task(session.run())
        try:
            bind = pdus.bind(
                system_id=centre.system_id,
                password=centre.password,
                system_type=centre.system_type,
            )
            async with asyncio.timeout(centre.timeout_s):
                await session.ask(bind)
        except BaseException:
            running.cancel()
            _raise(*await asyncio.gather(running, return_exceptions=True))
            raise
        return session, running

    async def _serve(self, bound: tuple[Session, asyncio.Task[None]], stop: asyncio.Event) -> None:
        session, running = bound
        self._session = session
        self._trouble.end()
        self._bound.set(1)
        logger.info("bound to the SMS centre %s:%s", self._centre.host, self._centre.port)
        stopping = asyncio.create_task(self._until_free(stop))
        try:
            while not running.done() and not stopping.done():
                await asyncio.wait(
                    {running, stopping},
                    timeout=self._centre.enquire_link_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not running.done() and not stopping.done():
                    await self._is_there(session)
            if stopping.done() and not running.done():
                await self._unbind(session)
        finally:
            self._session = None
            self._bound.set(0)
            stopping.cancel()
            running.cancel()
            ended, _ = await asyncio.gather(running, stopping, return_exceptions=True)
            _raise(ended)

    async def _until_free(self, stop: asyncio.Event) -> None:
        """Told to stop, and what is in hand answered or given up."""
        await stop.wait()
        await wait_any(self._free, timeout_s=self._centre.timeout_s)

    async def _is_there(self, session: Session) -> None:
        try:
            async with asyncio.timeout(self._centre.timeout_s):
                await session.ask(pdus.bare("enquire_link"))
        except TimeoutError as error:
            message = f"the SMS centre answers nothing in {self._centre.timeout_s:g} s"
            raise PeerDown(message) from error

    async def _unbind(self, session: Session) -> None:
        """A courtesy: the centre learns it from the closed connection too."""
        try:
            async with asyncio.timeout(_UNBIND_S):
                await session.ask(pdus.bare("unbind"))
        except (TransientFailure, PermanentFailure, OSError, TimeoutError) as error:
            logger.info("the SMS centre does not unbind us: %r", error)


def _raise(ended: BaseException | None) -> None:
    """What ended a session, where it was not we ourselves: a fault of ours among it is not to be
    taken for the centre's."""
    if ended is not None and not isinstance(ended, asyncio.CancelledError):
        raise ended
