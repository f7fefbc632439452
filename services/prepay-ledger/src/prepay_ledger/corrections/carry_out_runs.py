"""A job: drafted runs are previewed, and released ones carried out, some agreements a transaction.

At every instant an agreement is charged by one book as a whole: by the one before the correction
until the run comes to it, by the corrected one from then on, its readings too. The transaction that
takes it over posts the difference, so a difference is the run's alone, and each agreement has it
once: which are left stands in their own rows, and nothing else is remembered.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.enter_charges import enter_open
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.post_charges import post_charges
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.split_charged import READ, Cause, split_charged
from prepay_ledger.corrections.ports import OpenUnit, Unit
from prepay_ledger.corrections.preview_runs import preview_some
from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.debts.values import BillCause
from prepay_ledger.events import fact
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_facts_v1 import TariffCorrectionCompleted
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

AGREEMENTS_AT_ONCE = 50
REST_FACTOR = 3
"""A run takes a quarter of the time: readings go on being charged beside it."""
RETRY_AFTER_S = 30.0


class CarryOutRuns:
    """Does a portion of the run that is next."""

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
        self._passed: tuple[UUID, UUID] | None = None
        """The run in hand, and the last agreement that was tried."""
        self._retry_at = 0.0

    async def __call__(self) -> float | None:
        """Gives the seconds to rest where more waits, else none."""
        began = time.monotonic()
        async with self._open_unit() as unit:
            worked = await preview_some(unit=unit, now=self._clock())
        worked = await self._portion() or worked
        if not worked:
            return None
        self._committed()
        return REST_FACTOR * (time.monotonic() - began)

    async def _portion(self) -> bool:
        async with self._open_unit() as unit:
            run = await unit.corrections.take(RunState.RELEASED)
            if run is None or (run.trouble and time.monotonic() < self._retry_at):
                return False
            some = await self._next(unit, run)
            if not some:
                self._passed = None
                if not await self._next(unit, run):
                    await _complete(unit, run, now=self._clock())
                    return True
                # Those that could not be charged are all that is left: again, after a while.
                self._retry_at = time.monotonic() + RETRY_AFTER_S
                return False
        await self._reach(run, some)
        self._passed = run.id, some[-1]
        return True

    async def _next(self, unit: Unit, run: CorrectionRun) -> Sequence[UUID]:
        if self._passed is not None and self._passed[0] != run.id:
            self._passed = None
        after = None if self._passed is None else self._passed[1]
        assert run.correction is not None, "a released run has a number"
        some = await unit.corrections.unreached(
            run.code, correction=run.correction, after=after, limit=AGREEMENTS_AT_ONCE
        )
        return [each.id for each in some]

    async def _reach(self, run: CorrectionRun, some: Sequence[UUID]) -> None:
        """Where some cannot be charged the others are all the same."""

        async def rerate(some: Sequence[UUID]) -> None:
            async with self._open_unit() as unit:
                await self._rerate(unit, run, some)

        for each, error in await odd_among(some, rerate):
            logger.error("correction run %s: agreement %s", run.id, each, exc_info=error)
            await self._say(run, f"agreement {each}: {in_words(error)}")

    async def _rerate(self, unit: Unit, run: CorrectionRun, some: Sequence[UUID]) -> None:
        correction, now = run.correction, self._clock()
        assert correction is not None, "a released run has a number"
        held = await _hold(unit, some, correction=correction)
        account_ids = sorted({each.account_id for each in held})
        await unit.charging.hold_periods(account_ids)
        day = await unit.charging.posting_day()
        pricings = Pricings(await unit.tariffs.book())
        # What time owes by now is no difference: it is charged by the book before.
        before = await post_charges(
            unit=unit, also=held, pricings=pricings, partition=0, day=day, now=now
        )
        await split_charged(unit, before.charged, READ, now=now)
        await enter_open(unit=unit, account_ids=account_ids, source=f"day/{day}", at=now)
        await unit.corrections.reach([each.id for each in held], correction=correction)
        posted = await post_charges(
            unit=unit,
            also=[replace(each, corrections=correction) for each in held],
            anew=True,
            pricings=pricings,
            partition=0,
            day=day,
            now=now,
        )
        cause = Cause(BillCause.TARIFF, our_fault=run.our_fault)
        await split_charged(unit, posted.charged, cause, now=now)
        await enter_open(unit=unit, account_ids=account_ids, source=run.source, at=now)
        if due := list(dict.fromkeys([*before.due, *posted.due])):
            await self._review(unit, due, now=now, caused_at=now)

    async def _say(self, run: CorrectionRun, trouble: str) -> None:
        async with self._open_unit() as unit:
            known = await unit.corrections.lock(run.id)
            assert known is not None, "a run is never deleted"
            await unit.corrections.change(replace(known, trouble=trouble))


async def _hold(unit: Unit, some: Sequence[UUID], *, correction: int) -> Sequence[Agreement]:
    """Those of the agreements that are not charged by the correction yet, as they stand now, held
    with all that charges them; what anybody has read of their meters is out of date."""
    agreements = await unit.charging.agreements(some)
    account_ids = {each.account_id for each in agreements.values()}
    await unit.charging.hold_accounts(account_ids)
    meter_ids = await unit.charging.meters_of(account_ids)
    await unit.charging.hold(meter_ids)
    await unit.charging.outdate(meter_ids)
    return await unit.corrections.hold_unreached(some, correction=correction)


async def _complete(unit: Unit, run: CorrectionRun, *, now: datetime) -> None:
    """Every agreement is charged by it: whoever rates again need not expect the book before."""
    assert run.correction is not None, "a released run has a number"
    event = TariffCorrectionCompleted(
        run_id=run.id, correction=run.correction, tariff_code=run.code, at=now
    )
    await unit.publish([fact(event, key=run.code, at=now)])
    await unit.corrections.change(replace(run, state=RunState.DONE, done_at=now, trouble=None))
