"""Use case: what meters say of themselves: presence, events, answers to commands."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from meter_gateway.application.dead_letters import dead_letter
from meter_gateway.application.events import meter_event, progressed
from meter_gateway.application.ports import Unit
from meter_gateway.application.received import Received
from meter_gateway.application.registry import Registry
from meter_gateway.domain.commands import STATUS_OF
from meter_gateway.domain.readings import Reason, Refused, address_of, decoded
from meter_gateway.metrics import ACCEPTED, COMMANDS, REJECTED
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_events_v1 import (
    MeterPresenceChanged,
    MeterReported,
    Presence,
)
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttResponse
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import Message

_REPORTS = UUID("6f0a4b0e-3c55-5d0c-9a57-7f2c0d4e8b11")
_decode_event = msgspec.json.Decoder(MqttEvent).decode
_decode_response = msgspec.json.Decoder(MqttResponse).decode


class TakeReports:
    """One transaction a batch: states and the events that tell of them, through the outbox."""

    def __init__(
        self,
        *,
        registry: Registry,
        open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._open_unit = open_unit
        self._clock = clock
        self._committed = committed

    async def __call__(self, batch: Sequence[Received]) -> None:
        """Handle messages of ``status``, ``event`` and ``response``."""
        now = self._clock()
        messages: list[Message] = []
        presences: dict[str, tuple[Presence, datetime]] = {}
        refused: list[Reason] = []
        counted: list[tuple[str, str]] = []
        await self._registry.look_for(_reporters(batch))
        async with self._open_unit() as unit:
            for received in batch:
                meter_id = ""
                try:
                    meter_id, kind = address_of(received.topic)
                    if kind == "status":
                        presences[meter_id] = (_presence(received.payload), received.at)
                    elif meter_id not in self._registry:
                        detail = f"register {meter_id} first"
                        raise Refused(Reason.UNKNOWN_METER, detail)
                    elif kind == "event":
                        messages.append(_reported(meter_id, received))
                    else:
                        answer = await _answered(unit, meter_id, received)
                        if answer is not None:
                            message, action, status = answer
                            messages.append(message)
                            counted.append((action, status))
                except Refused as refusal:
                    refused.append(refusal.reason)
                    messages.append(
                        dead_letter(
                            of=METER_EVENTS,
                            meter_id=meter_id,
                            received=received,
                            refusal=refusal,
                            at=now,
                        )
                    )
            for meter_id in await unit.devices.set_presence(presences):
                presence, at = presences[meter_id]
                changed = MeterPresenceChanged(meter_id=meter_id, presence=presence, at=at)
                messages.append(meter_event(changed, meter_id=meter_id, at=at))
            await unit.publish(messages)
        for reason in refused:
            REJECTED.labels(reason).inc()
        ACCEPTED.inc(len(batch) - len(refused))
        for action, status in counted:
            COMMANDS.labels(action, status).inc()
        if messages:
            self._committed()


def _reporters(batch: Sequence[Received]) -> Iterator[str]:
    """The meters that say more than whether they are there."""
    for received in batch:
        try:
            meter_id, kind = address_of(received.topic)
        except Refused:
            continue
        if kind != "status":
            yield meter_id


def _presence(payload: bytes) -> Presence:
    try:
        return Presence(payload.decode())
    except ValueError as error:
        raise Refused(Reason.UNDECODABLE, f"{payload[:40]!r} is not online or offline") from error


def _reported(meter_id: str, received: Received) -> Message:
    event = decoded(_decode_event, received.payload)
    reported = MeterReported(meter_id=meter_id, kind=event.kind, at=event.at, detail=event.detail)
    # The same report sent again by the broker gets the same id.
    event_id = uuid5(_REPORTS, f"{received.topic} {received.payload.hex()}")
    return meter_event(reported, meter_id=meter_id, at=event.at, event_id=event_id)


async def _answered(
    unit: Unit, meter_id: str, received: Received
) -> tuple[Message, str, str] | None:
    """The event of an answer, with action and status; none where it was heard before. An answer
    after expiry or supersession counts all the same: it tells what the relay did."""
    response = decoded(_decode_response, received.payload)
    # PostgreSQL holds no U+0000; what the relay did counts all the same.
    told = response.detail.replace("\0", "\N{REPLACEMENT CHARACTER}")
    status = STATUS_OF[response.outcome]
    command = await unit.commands.finish(
        response.command_id,
        meter_id=meter_id,
        status=status,
        now=received.at,
        relay=response.relay,
        detail=told,
    )
    if command is None:
        if not await unit.commands.known(response.command_id, meter_id=meter_id):
            detail = f"{meter_id} has no command {response.command_id}"
            raise Refused(Reason.UNKNOWN_COMMAND, detail)
        return None
    message = progressed(
        command,
        status=status,
        at=received.at,
        relay=response.relay,
        detail=told,
    )
    return message, command.action, status
