"""Use case: what meters say of themselves: presence, events, answers to commands."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

import msgspec

from meter_gateway.application.dead_letters import dead_letter
from meter_gateway.application.events import meter_event, progressed
from meter_gateway.application.hear_meters import note_presence
from meter_gateway.application.meter_faults import MeterFaults, Verdict
from meter_gateway.application.ports import Heard, Unit
from meter_gateway.application.registry import Registry
from meter_gateway.domain.commands import STATUS_OF
from meter_gateway.domain.presence import News, SignOfLife, Status
from meter_gateway.domain.readings import Reason, Refused, address_of, decoded
from meter_gateway.metrics import ACCEPTED, COMMANDS, REJECTED
from meter_gateway.mqtt.received import Received
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.meter_events_v1 import MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttOutcome, MqttResponse, MqttStatus
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import Message

_REPORTS = UUID("6f0a4b0e-3c55-5d0c-9a57-7f2c0d4e8b11")
_decode_event = msgspec.json.Decoder(MqttEvent).decode
_decode_response = msgspec.json.Decoder(MqttResponse).decode
_decode_status = msgspec.json.Decoder(MqttStatus).decode

_What: TypeAlias = Status | MqttEvent | MqttResponse | Refused


class _Told(NamedTuple):
    """A message, and what it says or why it cannot be taken. Without a meter, its topic is odd."""

    meter_id: str
    received: Received
    what: _What


class _Ended(NamedTuple):
    """A command that an answer has ended, for the metrics."""

    action: str
    status: str


class TakeReports:
    """One transaction a batch: states and the events that tell of them, through the outbox."""

    def __init__(
        self,
        *,
        registry: Registry,
        faults: MeterFaults,
        open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
        wait_for: Callable[[Sequence[str]], None],
        resend_after: timedelta,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        """``wait_for`` is given meters that may have gone offline, after the commit."""
        self._registry = registry
        self._faults = faults
        self._open_unit = open_unit
        self._wait_for = wait_for
        self._resend_after = resend_after
        self._clock = clock
        self._committed = committed

    async def __call__(self, batch: Sequence[Received]) -> None:
        """Handle messages of ``status``, ``event`` and ``response``."""
        now = self._clock()
        all_told = [_read(received) for received in batch]
        await self._registry.look_for(
            each.meter_id for each in all_told if not isinstance(each.what, Status)
        )
        refused: list[Verdict] = []
        ended: list[_Ended] = []
        async with self._open_unit() as unit:
            # Devices before commands, as everywhere: no two transactions lock them crosswise.
            messages = await note_presence(unit, _news(all_told), now=now)
            for told in all_told:
                try:
                    messages += await self._take(unit, told, ended)
                except Refused as refusal:
                    refused.append(Verdict(told.meter_id, told.received.at, refusal))
                    messages.append(
                        dead_letter(
                            of=METER_EVENTS,
                            meter_id=told.meter_id,
                            received=told.received,
                            refusal=refusal,
                            at=now,
                        )
                    )
            if heard := _heard(all_told):
                await unit.commands.hasten(heard, now=now, after=self._resend_after)
            await unit.publish(messages)
        self._faults.note(refused)
        for _, _, refusal in refused:
            assert refusal is not None
            REJECTED.labels(refusal.reason).inc()
        ACCEPTED.inc(len(batch) - len(refused))
        for action, status in ended:
            COMMANDS.labels(action, status).inc()
        self._wait_for([each.meter_id for each in all_told if _says(each, Presence.OFFLINE)])
        self._committed()

    async def _take(self, unit: Unit, told: _Told, ended: list[_Ended]) -> list[Message]:
        """The events of an event or answer; raises `Refused`."""
        meter_id, received, what = told
        if isinstance(what, Refused):
            raise what
        if isinstance(what, Status):
            return []
        if meter_id not in self._registry:
            raise Refused(Reason.UNKNOWN_METER, f"register {meter_id} first")
        if isinstance(what, MqttEvent):
            return [_reported(meter_id, received, what)]
        return await _answered(unit, meter_id, received, what, ended)


def _read(received: Received) -> _Told:
    meter_id = ""
    try:
        meter_id, kind = address_of(received.topic)
        if kind == "status":
            what: _What = _status(received)
        elif kind == "event":
            what = decoded(_decode_event, received.payload)
        else:
            what = decoded(_decode_response, received.payload)
    except Refused as refusal:
        what = refusal
    return _Told(meter_id, received, what)


def _status(received: Received) -> Status:
    payload, session = received.payload, None
    if payload.startswith(b"{"):
        status = decoded(_decode_status, payload)
        presence, session = status.presence, status.session
    else:
        try:
            presence = Presence(payload.decode())
        except ValueError as error:
            detail = f"{payload[:40]!r} is neither online nor offline nor an object with a session"
            raise Refused(Reason.UNDECODABLE, detail) from error
    return Status(presence=presence, session=session, at=received.at, retained=received.retained)


def _news(all_told: Sequence[_Told]) -> dict[str, list[News]]:
    """Of each meter, in the order in which it came."""
    news: defaultdict[str, list[News]] = defaultdict(list)
    for meter_id, received, what in all_told:
        if isinstance(what, Status):
            news[meter_id].append(what)
        elif _shows_life(received):
            news[meter_id].append(SignOfLife(at=received.at))
    return news


def _heard(all_told: Sequence[_Told]) -> list[Heard]:
    """The meters whose commands need not wait any longer. A copy that came late is answered
    whatever the meter's clock says: sent again at once, it would be answered so for ever."""
    heard: dict[str, Heard] = {}
    for told in all_told:
        meter_id, received, what = told
        connected = _says(told, Presence.ONLINE) and not received.retained
        late = isinstance(what, MqttResponse) and what.outcome is MqttOutcome.LATE
        if connected or (_shows_life(received) and not late):
            before = heard.get(meter_id)
            connected = connected or (before is not None and before.connected)
            heard[meter_id] = Heard(meter_id=meter_id, at=received.at, connected=connected)
    return list(heard.values())


def _says(told: _Told, presence: Presence) -> bool:
    return isinstance(told.what, Status) and told.what.presence is presence


def _shows_life(received: Received) -> bool:
    """An event or answer that the meter sent just now, whatever is wrong with it."""
    return not received.retained and received.topic.endswith(("/event", "/response"))


def _reported(meter_id: str, received: Received, event: MqttEvent) -> Message:
    reported = MeterReported(meter_id=meter_id, kind=event.kind, at=event.at, detail=event.detail)
    # The same report sent again by the broker gets the same id.
    event_id = uuid5(_REPORTS, f"{received.topic} {received.payload.hex()}")
    return meter_event(reported, meter_id=meter_id, at=event.at, event_id=event_id)


async def _answered(
    unit: Unit, meter_id: str, received: Received, response: MqttResponse, ended: list[_Ended]
) -> list[Message]:
    """The event of an answer; none where it was heard before, and of a copy that came late. An
    answer after expiry or supersession counts all the same: it tells what the relay did."""
    # PostgreSQL holds no U+0000; what the relay did counts all the same.
    detail = response.detail.replace("\0", "\N{REPLACEMENT CHARACTER}")
    command = None
    if response.outcome is MqttOutcome.LATE:
        await unit.commands.note(response.command_id, meter_id=meter_id, detail=detail)
    else:
        command = await unit.commands.finish(
            response.command_id,
            meter_id=meter_id,
            status=STATUS_OF[response.outcome],
            now=received.at,
            relay=response.relay,
            detail=detail,
        )
    if command is None:
        if not await unit.commands.known(response.command_id, meter_id=meter_id):
            unknown = f"{meter_id} has no command {response.command_id}"
            raise Refused(Reason.UNKNOWN_COMMAND, unknown)
        return []
    status = STATUS_OF[response.outcome]
    ended.append(_Ended(command.action, status))
    return [progressed(command, status=status, at=received.at, relay=response.relay, detail=detail)]
