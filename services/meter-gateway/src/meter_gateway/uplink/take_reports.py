"""Use case: what meters say of themselves: presence, events, answers to commands."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid5

from meter_gateway.commands.command import Answer
from meter_gateway.commands.take_answers import (
    Answered,
    UnknownCommand,
    answer_of,
    take_answers,
)
from meter_gateway.devices.registry import Registry
from meter_gateway.events import meter_event
from meter_gateway.faults.dead_letters import dead_letter
from meter_gateway.faults.meter_faults import MeterFaults
from meter_gateway.faults.refusals import Reason, Refused, Verdict
from meter_gateway.keys.key_message import KeysTold
from meter_gateway.metrics import ACCEPTED, COMMANDS, REJECTED
from meter_gateway.mqtt.received import Received
from meter_gateway.presence.note_presence import note_presence
from meter_gateway.presence.rules import Status
from meter_gateway.uplink.ports import OpenUnit
from meter_gateway.uplink.reports import Told, heard_of, news_of, read, says
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.meter_events_v1 import MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttEventKind, MqttResponse
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import Message

_REPORTS = UUID("6f0a4b0e-3c55-5d0c-9a57-7f2c0d4e8b11")


class TakeReports:
    """One transaction a batch: states and the events that tell of them, through the outbox."""

    def __init__(
        self,
        *,
        registry: Registry,
        faults: MeterFaults,
        open_unit: OpenUnit,
        wait_for: Callable[[Sequence[str]], None],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        """``wait_for`` is given meters that may have gone offline, after the commit."""
        self._registry = registry
        self._faults = faults
        self._open_unit = open_unit
        self._wait_for = wait_for
        self._clock = clock
        self._committed = committed

    async def __call__(self, batch: Sequence[Received]) -> None:
        """Handle messages of ``status``, ``event`` and ``response``."""
        now = self._clock()
        all_told = [read(received) for received in batch]
        await self._registry.look_for(
            each.meter_id for each in all_told if not isinstance(each.what, Status)
        )
        answers = self._answers(all_told)
        refused: list[Verdict] = []
        async with self._open_unit() as unit:
            came, messages = await note_presence(unit.presence, news_of(all_told), now=now)
            taken = await take_answers(unit.commands, list(answers.values()))
            done = dict(zip(answers, taken, strict=True))
            for place, told in enumerate(all_told):
                try:
                    messages += self._events_of(told, done.get(place))
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
            if heard := heard_of(all_told, came=came):
                await unit.commands.send_again(heard, now=now)
                await unit.keys.send_again(heard, now=now)
            if keys_told := self._keys_told(all_told):
                await unit.keys.followed(keys_told)
            await unit.publish(messages)
        self._faults.note(refused)
        for _, _, refusal in refused:
            assert refusal is not None
            REJECTED.labels(refusal.reason).inc()
        ACCEPTED.inc(len(batch) - len(refused))
        for each in taken:
            if isinstance(each, Answered):
                COMMANDS.labels(each.command.action, each.answer.status).inc()
        self._wait_for([each.meter_id for each in all_told if says(each, Presence.OFFLINE)])
        self._committed()

    def _answers(self, all_told: Sequence[Told]) -> dict[int, Answer]:
        """The answers of registered meters, by their places in the batch."""
        return {
            place: answer_of(what, meter_id=meter_id, at=received.at)
            for place, (meter_id, received, what) in enumerate(all_told)
            if isinstance(what, MqttResponse) and meter_id in self._registry
        }

    def _keys_told(self, all_told: Sequence[Told]) -> list[KeysTold]:
        """How far registered meters have followed key messages."""
        return [
            KeysTold(meter_id=meter_id, key_sequence=what.key_sequence)
            for meter_id, _, what in all_told
            if isinstance(what, MqttEvent)
            and what.kind is MqttEventKind.COMMAND_KEYS
            and meter_id in self._registry
        ]

    def _events_of(self, told: Told, done: Answered | UnknownCommand | None) -> Sequence[Message]:
        """The events of an event or answer; raises `Refused`."""
        meter_id, received, what = told
        if isinstance(what, Refused):
            raise what
        if isinstance(what, Status):
            return ()
        if meter_id not in self._registry:
            raise Refused(Reason.UNKNOWN_METER, f"register {meter_id} first")
        if isinstance(what, MqttEvent):
            return (_reported(meter_id, received, what),)
        if isinstance(done, UnknownCommand):
            detail = f"{meter_id} has no command {done.command_id}"
            raise Refused(Reason.UNKNOWN_COMMAND, detail)
        return () if done is None else (done.event,)


def _reported(meter_id: str, received: Received, event: MqttEvent) -> Message:
    reported = MeterReported(
        meter_id=meter_id,
        kind=event.kind,
        at=event.at,
        relay=event.relay,
        detail=event.detail,
        received_at=received.at,
        keys=event.keys,
        key_sequence=event.key_sequence,
        voltage_mv=event.voltage_mv,
    )
    # The same report sent again by the broker gets the same id.
    event_id = uuid5(_REPORTS, f"{received.topic} {received.payload.hex()}")
    return meter_event(reported, meter_id=meter_id, at=event.at, event_id=event_id)
