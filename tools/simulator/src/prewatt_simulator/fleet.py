"""A fleet of simulated meters against a real broker."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from prewatt_common.clock import Clock, utc_now
from prewatt_common.contracts.base import Presence, RelayState
from prewatt_common.contracts.mqtt_v1 import ROOT
from prewatt_simulator import payloads
from prewatt_simulator.commands import CommandKeys
from prewatt_simulator.faults import FaultInjector
from prewatt_simulator.kept import KeptRelays
from prewatt_simulator.meter import Meter, Reading
from prewatt_simulator.pace import Pace
from prewatt_simulator.profile import HouseholdProfile
from prewatt_simulator.relays import RelayMove, Relays
from prewatt_simulator.session import Outgoing
from prewatt_simulator.settings import ConstantLoad, FleetSettings
from prewatt_simulator.site_codes import CodePad, secret_at_the_factory
from prewatt_simulator.uplink import MeterUplink, SharedUplink

logger = logging.getLogger(__name__)

_START_TIMEOUT_S = 60
_LEAVE_TIMEOUT_S = 30


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The fleet's totals."""

    meters: int
    published: int
    acked: int
    lost: int
    held: int
    in_flight: int
    commands_executed: int
    commands_refused: int
    """Commands without a signature that holds."""
    relays_open: int
    """Armed ones too."""


class Fleet:
    """Meters, their connections and the truth about both. Use as an async context manager."""

    def __init__(self, settings: FleetSettings, *, clock: Clock = utc_now) -> None:
        """``clock`` is what meters judge a command's expiry by."""
        self._settings = settings
        self.meters: Mapping[str, Meter] = {
            meter_id: Meter(
                meter_id=meter_id,
                seed=settings.seed,
                start_wh=settings.start_wh_of(meter_id),
                interval_s=int(settings.interval.total_seconds()),
            )
            for meter_id in settings.meter_ids
        }
        if settings.site_code_master is not None:
            for meter_id, meter in self.meters.items():
                secret = secret_at_the_factory(settings.site_code_master, meter_id)
                meter.code_pad = CodePad(secret)
        self._relays = Relays(
            meters=self.meters,
            keys=CommandKeys.of_pem(settings.command_public_keys),
            kept=KeptRelays(settings.kept_file) if settings.kept_file else None,
            button_after_s=settings.button_after_s,
            tell=self._tell,
            clock=clock,
        )
        self._profile = HouseholdProfile(timezone=settings.timezone)
        self._faults = FaultInjector(settings.faults, seed=settings.seed)
        self._tasks: set[asyncio.Task[None]] = set()
        meters = list(self.meters.values())
        uplink = MeterUplink if settings.one_connection_each else SharedUplink
        self._uplink = uplink(settings, meters, self._relays.on_command)
        self._announce = settings.announce and not settings.one_connection_each

    @property
    def moves(self) -> Sequence[RelayMove]:
        """Every move of a relay, oldest first."""
        return self._relays.moves

    def keys_of(self, meter_id: str) -> tuple[str, ...]:
        """The ids of the utility's keys that a meter holds."""
        return self._relays.keys_of(meter_id).told

    async def __aenter__(self) -> Self:
        """Connect. Raises ``ConnectionRefused``, ``OSError`` or ``TimeoutError``."""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await self._uplink.start(self._spawn)
                if self._announce:
                    await self._say(Presence.ONLINE)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say ``offline`` where nobody else would, and disconnect in order.

        Raises ``TimeoutError`` where the broker does not take it.
        """
        try:
            if error is None and (self._announce or self._settings.one_connection_each):
                async with asyncio.timeout(_LEAVE_TIMEOUT_S):
                    await self._say(Presence.OFFLINE)
                await self.drain()
        finally:
            await self._stop()

    async def run(
        self, *, start: datetime, steps: int | None = None, rate_per_s: float | None = None
    ) -> None:
        """Publish step after step, the first at ``start``, until cancelled or ``steps`` are done.

        Without a rate the steps take their simulated time, divided by ``time_scale``.
        """
        settings = self._settings
        step_s = settings.interval.total_seconds() / settings.time_scale
        pace = Pace(len(self.meters) / step_s if rate_per_s is None else rate_per_s)
        meters = list(self.meters.values())
        at = start
        done = 0
        while steps is None or done < steps:
            await self._publish_paced(at=at, meters=meters, pace=pace)
            at += settings.interval
            done += 1

    async def publish_step(
        self,
        *,
        at: datetime,
        meter_ids: Sequence[str] | None = None,
        rate_per_s: float | None = None,
    ) -> int:
        """Let an interval end at ``at`` and publish a reading of all (or the named) meters.

        As fast as the window allows unless a rate is given. Returns the number of messages, which
        faults make fewer or more than the meters; does not wait for their PUBACKs (``drain``).
        """
        chosen = self.meters if meter_ids is None else meter_ids
        meters = [self.meters[meter_id] for meter_id in chosen]
        return await self._publish_paced(at=at, meters=meters, pace=Pace(rate_per_s))

    async def publish_reading(self, *, meter_id: str, at: datetime, use_wh: int = 0) -> Reading:
        """Use ``use_wh`` (nothing if the relay is open) and publish one reading, without faults."""
        meter = self.meters[meter_id]
        reading = Reading(meter, at, meter.use_wh(use_wh))
        await self._uplink.publish_readings((reading,))
        return reading

    async def publish_profile(
        self, *, meter_id: str, end: datetime, intervals: int
    ) -> list[Reading]:
        """Let ``intervals`` pass, the last one ending at ``end``, and publish them as one batch."""
        meter = self.meters[meter_id]
        step = self._settings.interval
        instants = [end - step * left for left in reversed(range(intervals))]
        readings = [reading for at in instants for reading in self._readings(at, (meter,))]
        message = Outgoing(
            topic=f"{ROOT}/{meter_id}/profile",
            payload=payloads.profile(readings),
            readings=readings,
        )
        for reading in readings:
            meter.published(reading)
        await self._uplink.publish(meter, message)
        return readings

    async def publish_bytes(self, *, meter_id: str, topic: str, payload: bytes) -> None:
        """Publish anything on ``prewatt/v1/{meter_id}/{topic}``: for bad input. Not in the truth.

        Mosquitto acknowledges and drops what is above its size limit. From a broker that closes
        the connection instead, it comes back after every reconnect.
        """
        message = Outgoing(topic=f"{ROOT}/{meter_id}/{topic}", payload=payload)
        await self._uplink.publish(self.meters[meter_id], message)

    async def release_held(self) -> int:
        """Publish what faults hold back for later steps; returns how many readings."""
        released = self._faults.release()
        await self._uplink.publish_readings(released)
        return len(released)

    async def drain(self, *, timeout: float = 30) -> None:
        """Wait until everything published has its PUBACK. Raises ``TimeoutError``."""
        try:
            async with asyncio.timeout(timeout):
                await self._uplink.drain()
        except TimeoutError:
            message = f"{self._uplink.in_flight} messages without PUBACK after {timeout} s"
            raise TimeoutError(message) from None

    async def wait_relay(self, meter_id: str, state: RelayState, *, timeout: float = 30) -> None:
        """Wait until the meter's relay is in ``state``. Raises ``TimeoutError``."""
        await self._relays.wait(meter_id, state, timeout_s=timeout)

    def press_button(self, meter_id: str) -> None:
        """The customer presses a meter's button: an armed relay closes, and the meter tells."""
        self._relays.press_button(self.meters[meter_id])

    def type_in(self, meter_id: str, code: str) -> bool:
        """Somebody types a reconnection code in at a meter. Whether its relay moved."""
        return self._relays.type_in(self.meters[meter_id], code)

    def move_by_hand(self, meter_id: str, state: RelayState) -> None:
        """Somebody moves a meter's relay past everybody, and the meter tells."""
        self._relays.move_by_hand(self.meters[meter_id], state)

    def measure_voltage(self, meter_id: str) -> None:
        """A meter tells the voltage behind its relay."""
        self._relays.measure_voltage(self.meters[meter_id])

    def summary(self) -> Summary:
        """Totals as of now."""
        truths = [meter.truth for meter in self.meters.values()]
        return Summary(
            meters=len(truths),
            published=sum(truth.published for truth in truths),
            acked=sum(truth.acked for truth in truths),
            lost=sum(truth.lost for truth in truths),
            held=self._faults.held,
            in_flight=self._uplink.in_flight,
            commands_executed=sum(meter.executed_count for meter in self.meters.values()),
            commands_refused=self._relays.refused,
            relays_open=sum(
                meter.relay in (RelayState.OPEN, RelayState.ARMED) for meter in self.meters.values()
            ),
        )

    def _readings(self, at: datetime, meters: Iterable[Meter]) -> list[Reading]:
        load = self._settings.load
        if isinstance(load, ConstantLoad):
            return [Reading(meter, at, meter.use_wh(load.wh)) for meter in meters]
        base_uwh = self._profile.energy_uwh(end=at, interval=self._settings.interval)
        return [Reading(meter, at, meter.household_interval(base_uwh)) for meter in meters]

    async def _publish_paced(self, *, at: datetime, meters: Sequence[Meter], pace: Pace) -> int:
        # Slice by slice: a whole large fleet at once would keep commands waiting.
        published = 0
        for begin in range(0, len(meters), pace.slice):
            readings = self._readings(at, meters[begin : begin + pace.slice])
            published += await self._publish_slice(self._faults.apply(readings), pace)
        return published + await self._publish_slice(self._faults.end_step(), pace)

    async def _publish_slice(self, readings: Sequence[Reading], pace: Pace) -> int:
        await self._uplink.publish_readings(readings)
        await pace.wait(len(readings))
        return len(readings)

    def _tell(self, meter: Meter, message: Outgoing) -> None:
        self._spawn(self._uplink.publish(meter, message))

    async def _say(self, presence: Presence) -> None:
        for meter in self.meters.values():
            await self._uplink.say(meter, presence)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a connection of the fleet broke for good", exc_info=error)

    async def _stop(self) -> None:
        self._relays.close()
        self._uplink.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
