"""Use case: a person has a parked meter's readings taken again."""

import logging
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.ports import ParkingUnit
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.values import ReleaseOutcome, ReleaseStep
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.stops import in_words
from prewatt_common.refusals import Refusal

logger = logging.getLogger(__name__)


class NotParked(Refusal):
    """No such meter is parked."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-parked"


class StillOdd(Refusal):
    """The readings raised again: the meter is still parked, and nothing was charged."""

    kind = "still-odd"


class ReleaseMeter:
    """Charges what was set aside as if it came now, and decides the supply after it."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self, *, unit: ParkingUnit, meter_id: str, who: str, reason: str, now: datetime
    ) -> ReleaseStep:
        """Gives what is to be kept of it, also where the readings raised again: the caller commits
        that, and raises `StillOdd` after it. Raises `NotParked`."""
        # Before batches wait for us. Where it is not to be had, what needs it says so below.
        with suppress(ReadingsHaveLeft):
            await unit.charging.read_left(meter_id)
        # A batch under way may be setting a reading aside: its commit first, then ours.
        await unit.charging.wait_for_batches()
        meter = await unit.parking.lock(meter_id)
        if meter is None:
            message = f"meter {meter_id} is not parked; see GET /v1/parked-meters"
            raise NotParked(message)
        outcome, detail, readings = ReleaseOutcome.RELEASED, "", 0
        try:
            async with unit.savepoint():
                readings = await self._take(unit, meter_id, now=now)
        except Exception as error:
            if is_passing_fault(error):
                raise
            logger.exception("parked meter %s raised again", meter_id)
            outcome, detail = ReleaseOutcome.STILL_ODD, in_words(error)
        step = ReleaseStep(
            meter=meter,
            who=who,
            reason=reason,
            outcome=outcome,
            detail=detail,
            readings=readings,
            at=now,
        )
        await unit.parking.add_step(step)
        return step

    async def _take(self, unit: ParkingUnit, meter_id: str, *, now: datetime) -> int:
        """Gives how many readings there were."""
        readings = list(await unit.parking.take(meter_id))
        charged = await charge_readings(
            unit=unit,
            by_meter={meter_id: readings},
            pricings=Pricings(await unit.tariffs.book()),
            partition=0,
            now=now,
        )
        # Its account is due though nothing changed: a cut may have been held for this meter alone.
        due = [*{*charged.due, *await unit.parking.serves(meter_id, now=now)}]
        if due:
            await self._review(unit, due, now=now, caused_at=now)
        return len(readings)


def refuse_if_odd(step: ReleaseStep) -> None:
    """Raises `StillOdd` where the readings raised again."""
    if step.outcome is ReleaseOutcome.STILL_ODD:
        message = (
            f"the readings of meter {step.meter.meter_id} raise again: {step.detail}. It is parked "
            "as before and nothing was charged; release it once that is mended."
        )
        raise StillOdd(message)
