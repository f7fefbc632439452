"""A job: what time alone owes is posted, also where no meter says anything."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from uuid import UUID

from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.ports import OpenParkingUnit, ParkingUnit
from prepay_ledger.charging.post_charges import post_charges
from prepay_ledger.charging.pricing import Pricings, PricingsOfNow
from prepay_ledger.charging.split_charged import READ, split_charged
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_conflict
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words
from prewatt_metering.calendar.instants import us_of

logger = logging.getLogger(__name__)

AGREEMENTS_AT_ONCE = 500


class SweepStanding:
    """Posts the standing charge of every day that has begun, some agreements a transaction."""

    def __init__(
        self,
        *,
        open_unit: OpenParkingUnit,
        review: SupplyReview,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._review = review
        self._clock = clock
        self._committed = committed
        self._pricings = PricingsOfNow()

    async def __call__(self) -> None:
        """All that is due, tariff by tariff. Nothing is remembered: what is not due any more is not
        found again, so it begins anew after a crash."""
        async with self._open_unit() as unit:
            codes = (await unit.tariffs.book()).codes
        for code in codes:
            after: UUID | None = None
            while True:
                try:
                    after = await self._portion(code, after)
                except Exception as error:
                    # A batch charged one of them meanwhile: the next run finds what is left.
                    if not is_conflict(error):
                        raise
                    return
                if after is None:
                    break

    async def _portion(self, code: str, after: UUID | None) -> UUID | None:
        now = self._clock()
        async with self._open_unit() as unit:
            tariffs = await unit.tariffs.book()
            pricings = self._pricings.of(tariffs)
            today = tariffs.calendar(code).day_of(us_of(now))
            due = await unit.charging.due_agreements(
                tariff_code=code, today=today, after=after, limit=AGREEMENTS_AT_ONCE
            )
            if not due:
                return None
            # Before any savepoint: its lock lasts as long as the transaction.
            day = await unit.charging.posting_day()
            # Nobody else waits for those that cannot be charged; each sweep tries them again.
            odd = await odd_among(due, partial(self._charge, unit, pricings, day, now))
        self._committed()
        LEFT_OUT.labels("sweep standing").inc(len(odd))
        if odd:
            agreement, error = odd[0]
            logger.error(
                "standing charge of %s on %s: %d agreements cannot be charged, the first is %s: %s",
                code, today, len(odd), agreement.id, in_words(error), exc_info=error,
            )  # fmt: skip
        return due[-1].id if len(due) == AGREEMENTS_AT_ONCE else None

    async def _charge(
        self,
        unit: ParkingUnit,
        pricings: Pricings,
        day: date,
        now: datetime,
        due: Sequence[Agreement],
    ) -> None:
        async with unit.savepoint():
            posted = await post_charges(
                unit=unit, also=due, pricings=pricings, partition=0, day=day, now=now
            )
            await split_charged(unit, posted.charged, READ, now=now)
            if posted.due:
                await self._review(unit, posted.due, now=now, caused_at=now)
