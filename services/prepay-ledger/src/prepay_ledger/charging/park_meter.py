"""Use case: a meter whose reading raises is parked, so that it stops no other."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.ports import ParkingUnit
from prepay_ledger.charging.values import PARKED_MAX, ParkedMeter
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.kafka.stops import in_words, place_of

logger = logging.getLogger(__name__)


class ParkMeter:
    """Keeps the reading and sets the meter's later ones aside, until a person releases it."""

    def __init__(self, *, review: SupplyReview, clock: Clock) -> None:
        self._review = review
        self._clock = clock

    async def __call__(
        self, unit: ParkingUnit, one: Delivered[ReadingEvent], error: Exception
    ) -> bool:
        """Whether the meter was parked: not where `PARKED_MAX` others are."""
        now = self._clock()
        meter = ParkedMeter(
            meter_id=one.event.meter_id,
            since=now,
            error=in_words(error),
            record=place_of(one.record),
        )
        if not await unit.parking.park(meter, at_most=PARKED_MAX):
            return False
        await unit.parking.set_aside([one.event])
        served = await unit.parking.serves(meter.meter_id, now=now)
        if served:
            await self._decide(unit, served, now=now, caused_at=one.event.received_at)
        return True

    async def _decide(
        self, unit: ParkingUnit, served: Sequence[UUID], *, now: datetime, caused_at: datetime
    ) -> None:
        try:
            async with unit.savepoint():
                await self._review(unit, served, now=now, caused_at=caused_at)
        except Exception as error:
            if is_passing_fault(error):
                raise
            # Most likely what the reading raised. Without a decision nobody is cut.
            logger.exception("account %s cannot be reviewed; its meter is parked", served[0])
