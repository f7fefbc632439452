"""Commands as they reach the meters of a fleet, and the relays they move."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.clock import Clock
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.mqtt_v1 import ROOT, CommandClaims, MqttEvent, MqttEventKind
from prewatt_simulator import payloads
from prewatt_simulator.commands import CommandKeys, Refusal
from prewatt_simulator.meter import Answer, Meter
from prewatt_simulator.session import Outgoing

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RelayMove:
    """A relay that moved, and when: end-to-end latency ends here."""

    meter_id: str
    relay: RelayState
    command_id: UUID
    at: datetime
    monotonic_s: float
    """``time.monotonic()``, for a latency within one machine."""


class Relays:
    """Hands commands to meters and tells who waits that a relay has moved."""

    def __init__(self, *, meters: Mapping[str, Meter], keys: CommandKeys, clock: Clock) -> None:
        self._meters = meters
        self._keys = keys
        self._clock = clock
        self._waiting: set[asyncio.Future[None]] = set()
        self.moves: list[RelayMove] = []
        """Every move, oldest first."""
        self.refused = 0
        """Commands without a signature that holds."""

    def on_command(self, topic: str, token: bytes) -> Sequence[Outgoing]:
        """What a meter does with a command: the messages that answer it.

        A meter that is not ours answers nothing, and so does one that cannot even read whose
        command it refuses.
        """
        meter = self._meters.get(topic.split("/")[-2])
        if meter is None:
            return ()
        now = self._clock()
        checked = self._keys.check(token)
        if isinstance(checked, Refusal):
            self.refused += 1
            logger.warning("%s refused a command: %s", meter.meter_id, checked.reason)
            if checked.command_id is None:
                return ()
            return [_response(meter, meter.reject(checked.command_id, checked.reason, now=now))]
        answer = meter.obey(checked, now=now)
        if not answer.moved:
            return [_response(meter, answer)]
        self._note_move(meter, checked, now)
        return [_response(meter, answer), _relay_moved(meter, checked, now)]

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

    def _note_move(self, meter: Meter, claims: CommandClaims, now: datetime) -> None:
        self.moves.append(
            RelayMove(
                meter_id=meter.meter_id,
                relay=meter.relay,
                command_id=claims.command_id,
                at=now,
                monotonic_s=time.monotonic(),
            )
        )
        for moved in self._waiting:
            if not moved.done():
                moved.set_result(None)


def _response(meter: Meter, answer: Answer) -> Outgoing:
    return Outgoing(
        topic=f"{ROOT}/{meter.meter_id}/response", payload=payloads.message(answer.response)
    )


def _relay_moved(meter: Meter, claims: CommandClaims, now: datetime) -> Outgoing:
    event = MqttEvent(
        kind=MqttEventKind.RELAY_MOVED,
        at=now,
        detail=f"{meter.relay} by command {claims.command_id}",
    )
    return Outgoing(topic=f"{ROOT}/{meter.meter_id}/event", payload=payloads.message(event))
