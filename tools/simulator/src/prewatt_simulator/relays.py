"""Commands as they reach the meters of a fleet, and the relays they move."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.clock import Clock
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.mqtt_v1 import (
    ROOT,
    CommandClaims,
    MqttEvent,
    MqttEventKind,
    MqttResponse,
)
from prewatt_simulator import payloads
from prewatt_simulator.commands import CommandKeys, Refusal, SignedKey
from prewatt_simulator.kept import Kept, KeptRelays
from prewatt_simulator.meter import Answer, Meter
from prewatt_simulator.session import Outgoing

logger = logging.getLogger(__name__)

_SUPPLIED_MV = 229_500


@dataclass(frozen=True, kw_only=True)
class RelayMove:
    """A relay that moved, and when: end-to-end latency ends here."""

    meter_id: str
    relay: RelayState
    command_id: UUID | None
    """None where no command moved it."""
    at: datetime
    monotonic_s: float
    """``time.monotonic()``, for a latency within one machine."""


class Relays:
    """Hands commands to meters, and tells who waits that a relay has moved."""

    def __init__(
        self,
        *,
        meters: Mapping[str, Meter],
        keys: CommandKeys,
        kept: KeptRelays | None,
        button_after_s: float | None,
        tell: Callable[[Meter, Outgoing], None],
        clock: Clock,
    ) -> None:
        """``tell`` publishes what a meter says unasked. ``button_after_s``: how long it takes until
        an armed meter's button is pressed; none: nobody presses it."""
        self._meters = meters
        self._keys = keys
        self._others: dict[str, CommandKeys] = {}
        self._kept = kept
        self._button_after_s = button_after_s
        self._tell = tell
        self._clock = clock
        self._customers: dict[Meter, asyncio.TimerHandle] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self.moves: list[RelayMove] = []
        """Every move, oldest first."""
        self.refused = 0
        """Commands without a signature that holds."""
        for each in kept.read() if kept else ():
            if (meter := meters.get(each.meter_id)) is not None:
                meter.remember(each)
                if each.keys is not None:
                    self._others[each.meter_id] = CommandKeys.of_raw(each.keys)

    def on_command(self, topic: str, token: bytes) -> Sequence[Outgoing]:
        """What a meter does with a command: the messages that answer it.

        A meter that is not ours answers nothing, and so does one that cannot even read whose
        command it refuses.
        """
        meter = self._meters.get(topic.split("/")[-2])
        if meter is None or meter.relay_faults.command_lost:
            return ()
        now = self._clock()
        checked = self.keys_of(meter.meter_id).check(token)
        if isinstance(checked, Refusal):
            return self._refuse(meter, checked, now)
        if isinstance(checked, SignedKey):
            return self._follow(meter, checked, now)
        before = meter.commands.last_sequence
        answer = meter.obey(checked, now=now)
        if meter.commands.last_sequence != before:
            self._keep(meter, answer.response)
        if not answer.moved:
            return _heard(meter, _response(meter, answer))
        self._note_move(meter, checked.command_id, now)
        self._forget_customer(meter)
        if meter.relay is RelayState.ARMED and self._button_after_s is not None:
            self._customers[meter] = asyncio.get_running_loop().call_later(
                self._button_after_s, self.press_button, meter
            )
        return _heard(meter, _response(meter, answer), _moved_by_command(meter, checked, now))

    def keys_of(self, meter_id: str) -> CommandKeys:
        """The keys that a meter holds: as burnt in, until it was told of others."""
        return self._others.get(meter_id, self._keys)

    def _refuse(self, meter: Meter, refusal: Refusal, now: datetime) -> Sequence[Outgoing]:
        """Whoever signs with a key that the meter does not hold is told which ones it does."""
        self.refused += 1
        logger.warning("%s refused a command: %s", meter.meter_id, refusal.reason)
        told = (self._keys_told(meter, now),) if refusal.unknown_key else ()
        if refusal.command_id is None:
            return _heard(meter, *told)
        answer = meter.reject(refusal.command_id, refusal.reason, now=now)
        return _heard(meter, *told, _response(meter, answer))

    def _follow(self, meter: Meter, message: SignedKey, now: datetime) -> Sequence[Outgoing]:
        """A meter keeps its keys before it tells of them."""
        claims = message.claims
        if claims.meter_id != meter.meter_id:
            self.refused += 1
            logger.warning("%s refused a key: it is for %s", meter.meter_id, claims.meter_id)
            return ()
        if claims.sequence > meter.commands.key_sequence:
            self._others[meter.meter_id] = self.keys_of(meter.meter_id).after(message)
            meter.commands.key_sequence = claims.sequence
            self._keep(meter)
        return _heard(meter, self._keys_told(meter, now))

    def _keys_told(self, meter: Meter, now: datetime) -> Outgoing:
        event = MqttEvent(
            kind=MqttEventKind.COMMAND_KEYS,
            at=now,
            keys=self.keys_of(meter.meter_id).told,
            key_sequence=meter.commands.key_sequence,
        )
        return _event(meter, event)

    def close(self) -> None:
        """Nobody presses a button any more."""
        for customer in self._customers.values():
            customer.cancel()

    def press_button(self, meter: Meter) -> None:
        """The customer presses the button of a meter."""
        self._forget_customer(meter)
        if meter.press_button():
            self._keep(meter)
            self._moved_unasked(meter, MqttEventKind.RELAY_MOVED_BY_BUTTON)

    def type_in(self, meter: Meter, code: str) -> bool:
        """Somebody types a reconnection code in at a meter. Whether its relay moved."""
        moved = meter.type_in(code)
        self._keep(meter)
        if moved:
            self._moved_unasked(meter, MqttEventKind.RELAY_MOVED_BY_CODE)
        return moved

    def move_by_hand(self, meter: Meter, state: RelayState) -> None:
        """Somebody who may not moves a meter's relay."""
        if meter.move_by_hand(state):
            self._keep(meter)
            self._moved_unasked(meter, MqttEventKind.RELAY_MOVED_BY_HAND)

    def measure_voltage(self, meter: Meter) -> None:
        """A meter tells the voltage behind its relay; whatever else of it is lost, this gets
        through."""
        closed = meter.relay is RelayState.CLOSED
        now = self._clock()
        voltage_mv = _SUPPLIED_MV if closed else 0
        event = MqttEvent(kind=MqttEventKind.VOLTAGE, at=now, voltage_mv=voltage_mv)
        self._tell(meter, _event(meter, event))

    async def wait(self, meter_id: str, state: RelayState, *, timeout_s: float) -> None:
        """Wait until the meter's relay is in ``state``. Raises ``TimeoutError``."""
        meter = self._meters[meter_id]
        try:
            async with asyncio.timeout(timeout_s):
                while meter.relay is not state:
                    moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.add(moved)
                    try:
                        await moved
                    finally:
                        self._waiting.discard(moved)
        except TimeoutError:
            message = f"the relay of {meter_id} is still {meter.relay} after {timeout_s} s"
            raise TimeoutError(message) from None

    def _moved_unasked(self, meter: Meter, kind: MqttEventKind) -> None:
        now = self._clock()
        self._note_move(meter, None, now)
        event = MqttEvent(kind=kind, at=now, relay=meter.relay)
        for message in _heard(meter, _event(meter, event)):
            self._tell(meter, message)

    def _forget_customer(self, meter: Meter) -> None:
        if customer := self._customers.pop(meter, None):
            customer.cancel()

    def _keep(self, meter: Meter, response: MqttResponse | None = None) -> None:
        if self._kept is not None:
            kept = Kept(
                meter_id=meter.meter_id,
                relay=meter.relay,
                limit_w=meter.limit_w,
                sequence=meter.commands.last_sequence,
                code_counter=meter.code_pad.counter if meter.code_pad else 0,
                keys=others.raw if (others := self._others.get(meter.meter_id)) else None,
                key_sequence=meter.commands.key_sequence,
                response=response,
            )
            self._kept.add(kept)

    def _note_move(self, meter: Meter, command_id: UUID | None, now: datetime) -> None:
        self.moves.append(
            RelayMove(
                meter_id=meter.meter_id,
                relay=meter.relay,
                command_id=command_id,
                at=now,
                monotonic_s=time.monotonic(),
            )
        )
        for moved in self._waiting:
            if not moved.done():
                moved.set_result(None)


def _heard(meter: Meter, *messages: Outgoing) -> Sequence[Outgoing]:
    """What of a meter's answers gets through."""
    return () if meter.relay_faults.answer_lost else messages


def _response(meter: Meter, answer: Answer) -> Outgoing:
    return Outgoing(
        topic=f"{ROOT}/{meter.meter_id}/response", payload=payloads.message(answer.response)
    )


def _moved_by_command(meter: Meter, claims: CommandClaims, now: datetime) -> Outgoing:
    event = MqttEvent(
        kind=MqttEventKind.RELAY_MOVED,
        at=now,
        relay=meter.relay,
        detail=f"{meter.relay} by command {claims.command_id}",
    )
    return _event(meter, event)


def _event(meter: Meter, event: MqttEvent) -> Outgoing:
    return Outgoing(topic=f"{ROOT}/{meter.meter_id}/event", payload=payloads.message(event))
