"""A job: what time alone owes is posted, also where no meter says anything."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.ports import OpenParkingUnit, ParkingUnit
from prepay_ledger.charging.post_charges import post_charges
from prepay_ledger.charging.pricing import Pricings, PricingsOfNow
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_conflict, is_passing_fault, is_schema_fault
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
            work = _Work(unit, pricings, f"standing charge of {code} on {today}", day, now, [])
            await self._charge(work, due)
        self._committed()
        if work.odd:
            agreement, error = work.odd[0]
            logger.error(
                "%s: %d agreements cannot be charged, the first is %s: %s",
                work.name, len(work.odd), agreement.id, in_words(error), exc_info=error,
            )  # fmt: skip
        return due[-1].id if len(due) == AGREEMENTS_AT_ONCE else None

    async def _charge(self, work: "_Work", due: Sequence[Agreement]) -> None:
        """Where some cannot be charged, narrow down to them by halves: nobody else waits for that
        they are mended, and they are tried again with each sweep."""
        unit, now = work.unit, work.now
        try:
            async with unit.savepoint():
                accounts = await post_charges(
                    unit=unit,
                    also=due,
                    pricings=work.pricings,
                    partition=0,
                    day=work.day,
                    now=now,
                )
                if accounts:
                    await self._review(unit, accounts, now=now, caused_at=now)
            return
        except Exception as error:
            if is_passing_fault(error) or is_schema_fault(error):
                raise
            if len(due) == 1:
                work.odd.append((due[0], error))
                return
        # Outside of the `except`, so that an error's traceback is not that of every half before.
        middle = len(due) // 2
        await self._charge(work, due[:middle])
        await self._charge(work, due[middle:])


class _Work(NamedTuple):
    """A portion under way; ``odd`` are those that raised."""

    unit: ParkingUnit
    pricings: Pricings
    name: str
    day: date
    now: datetime
    odd: list[tuple[Agreement, Exception]]
