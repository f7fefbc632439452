"""A job: meters are charged whose readings were set aside, as they rest on some that have left."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from prepay_ledger.charging.ports import ParkingUnit
from prepay_ledger.charging.release_meter import NotParked, ReleaseMeter, refuse_if_odd
from prepay_ledger.charging.values import PARKED_MAX, ReleaseOutcome
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among

logger = logging.getLogger(__name__)

METERS_AT_ONCE = 20
_WHO = "prepay-ledger"
_REASON = "it had waited for readings that have left, which were read"


class TakeUpMeters:
    """One meter a transaction: some milliseconds for each day that has left, while nobody waits,
    and then as a person releases one. Where exports are not to be had its meter goes on waiting."""

    def __init__(
        self,
        *,
        open_unit: Callable[[], AbstractAsyncContextManager[ParkingUnit]],
        release: ReleaseMeter,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._release = release
        self._clock = clock
        self._committed = committed
        self._after = ""

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait, and some of these could be taken up."""
        async with self._open_unit() as unit:
            some = await unit.parking.waiting_for_exports(after=self._after, limit=METERS_AT_ONCE)
        odd = [each for meter_id in some for each in await odd_among([meter_id], self._take_up)]
        self._tell(odd)
        # Those that cannot be taken up stand in nobody's way.
        self._after = some[-1] if len(some) == METERS_AT_ONCE else ""
        return 0.0 if self._after and len(odd) < len(some) else None

    def _tell(self, odd: Sequence[tuple[str, Exception]]) -> None:
        lacking = [each for each in odd if isinstance(each[1], ReadingsHaveLeft)]
        if lacking:
            meter_id, error = lacking[0]
            logger.warning(
                "%d meters wait for exports; meter %s: %s", len(lacking), meter_id, error
            )
        for meter_id, error in odd:
            if not isinstance(error, ReadingsHaveLeft):
                logger.error("meter %s waits for exports", meter_id, exc_info=error)
            LEFT_OUT.labels("take up meters").inc()

    async def _take_up(self, meter_ids: Sequence[str]) -> None:
        for meter_id in meter_ids:
            # A replica, or a person, may have been quicker.
            with suppress(NotParked):
                await self._take_up_one(meter_id)
            self._committed()

    async def _take_up_one(self, meter_id: str) -> None:
        async with self._open_unit() as unit:
            if not await unit.parking.may_take_up(meter_id):
                return
            await unit.charging.read_left(meter_id)
            step = await self._release(
                unit=unit, meter_id=meter_id, who=_WHO, reason=_REASON, now=self._clock()
            )
            if step.outcome is ReleaseOutcome.STILL_ODD and not await unit.parking.wait_for_person(
                meter_id, error=step.detail, at_most=PARKED_MAX
            ):
                refuse_if_odd(step)  # and nothing is kept of it, however often it is tried
