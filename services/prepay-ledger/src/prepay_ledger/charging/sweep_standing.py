"""A job: what time alone owes is posted, also where no meter says anything."""

from collections.abc import Callable
from uuid import UUID

from prepay_ledger.charging.ports import OpenUnit
from prepay_ledger.charging.post_charges import post_charges
from prepay_ledger.charging.pricing import PricingsOfNow
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_conflict
from prewatt_metering.calendar.instants import us_of

AGREEMENTS_AT_ONCE = 500


class SweepStanding:
    """Posts the standing charge of every day that has begun, some agreements a transaction."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
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
        """One portion of each tariff. Nothing is remembered: what is not due any more is not found
        again, so it begins anew after a crash."""
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
            pricings = self._pricings.of(await unit.tariffs.book())
            today = pricings[code].calendar.day_of(us_of(now))
            due = await unit.charging.due_agreements(
                tariff_codes=[code], today=today, after=after, limit=AGREEMENTS_AT_ONCE
            )
            if not due:
                return None
            accounts = await post_charges(
                unit=unit,
                changes=(),
                also=due,
                pricings=pricings,
                source=f"standing/{code}/{today}",
                partition=0,
                now=now,
            )
            if accounts:
                await self._review(unit, accounts, now=now, caused_at=now)
        self._committed()
        return due[-1].id if len(due) == AGREEMENTS_AT_ONCE else None
