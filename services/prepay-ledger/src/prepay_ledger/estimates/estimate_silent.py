"""A job: what silent meters have probably used is charged, apart, once a day."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from prometheus_client import Counter, Gauge

from prepay_ledger.charging.estimated import EstimatedPeriod, estimate_changes, estimate_periods
from prepay_ledger.charging.meters import sum_of_use
from prepay_ledger.charging.post_charges import states_of, tell_charges
from prepay_ledger.charging.post_estimates import enter_estimates, told_estimate
from prepay_ledger.charging.pricing import Pricings, PricingsOfNow
from prepay_ledger.epochs.values import first_number
from prepay_ledger.estimates.ports import OpenUnit, Unit
from prepay_ledger.estimates.rules import SilentMeter, estimate_meter, rests_on_what_left
from prepay_ledger.estimates.values import Terms, UnderWay
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_conflict
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.usage.days import DayUsage

logger = logging.getLogger(__name__)

ESTIMATES = Counter(
    "prewatt_ledger_estimates_total",
    "Accounts of the daily run of estimates: changed, or odd: what is stored of them raised.",
    ("outcome",),
)
RUN_DAYS_BEHIND = Gauge(
    "prewatt_ledger_estimate_days_behind",
    "Days since the last daily run of estimates that ended; 0 where today's did, or none is to be.",
)
ACCOUNTS_AT_ONCE = 10
"""All readings of their silent meters are read: a second at most."""
METERS_MAX = 50
"""Of one account. Lamps by the thousand that fall silent together are an outage, and their readings
would not be held in memory: nothing is estimated of them."""
AFTER_MIDNIGHT = timedelta(hours=2)
"""By then the last readings of the day before are there, but for late ones."""
IDLE_S = 5.0


class EstimateSilent:
    """Estimates some accounts each time it is called. How far it came is in the database, in the
    transaction of what it entered: after a crash, or in another replica, it goes on from there."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        timezone: ZoneInfo,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._calendar = LocalCalendar(timezone)
        self._clock = clock
        self._committed = committed
        self._pricings = PricingsOfNow()

    async def __call__(self) -> float | None:
        """None where there are more; else after how many seconds to ask again."""
        now = self._clock()
        due = self._calendar.day_of(us_of(now - AFTER_MIDNIGHT))
        try:
            async with self._open_unit() as unit:
                under_way = await unit.estimates.begin(due)
                done = await unit.estimates.run_day()
                RUN_DAYS_BEHIND.set(0 if done is None else max(0, (due - done).days))
                if under_way is not None:
                    await self._some(unit, under_way, now)
        except Exception as error:
            # A tariff was corrected meanwhile, or the like: nothing of the portion is kept.
            if not is_conflict(error):
                raise
            return IDLE_S
        if under_way is None:
            return IDLE_S
        self._committed()
        return None

    async def _some(self, unit: Unit, under_way: UnderWay, now: datetime) -> None:
        terms = under_way.terms
        until_us = self._calendar.first_instant_us(under_way.day)
        portion = await unit.estimates.portion(
            after=under_way.after,
            silent_before_us=None if terms is None else until_us - terms.after_days * DAY_US,
            at_us=until_us,
            limit=ACCOUNTS_AT_ONCE,
        )
        # Before any savepoint: its lock lasts as long as the transaction.
        await unit.charging.posting_day()
        parked = await unit.parking.parked()
        # All meters of the accounts: whoever decides about one of them waits, and sees what we did.
        await unit.charging.hold(await unit.charging.meters_of(portion.meters.keys()))
        run = _Run(
            unit, self._pricings.of(await unit.tariffs.book()), under_way.day, terms, until_us, now
        )

        async def estimate(account_ids: Sequence[UUID]) -> None:
            async with unit.savepoint():
                for account_id in account_ids:
                    await _estimate(run, account_id, portion.meters[account_id])

        accounts = [each for each in portion.meters if not await _is_parked(unit, each, parked)]
        # The others go on, and what was estimated of the odd ones before stands.
        for account_id, error in await odd_among(accounts, estimate):
            if is_conflict(error):
                raise error
            ESTIMATES.labels("odd").inc()
            logger.error(
                "account %s cannot be estimated: %s; what was before stands",
                account_id, in_words(error), exc_info=error,
            )  # fmt: skip
        await unit.estimates.go_on(portion.after)


class _Run(NamedTuple):
    """A portion under way: up to the begin of ``day`` use is estimated."""

    unit: Unit
    pricings: Pricings
    day: date
    terms: Terms | None
    until_us: int
    now: datetime


async def _is_parked(unit: Unit, account_id: UUID, parked: Collection[str]) -> bool:
    """What a parked meter brings is set aside: it is not silent, and what stands may stand."""
    meters = await unit.charging.meters_of([account_id]) if parked else ()
    return any(each in parked for each in meters)


async def _estimate(run: _Run, account_id: UUID, meter_ids: Sequence[str]) -> None:
    unit = run.unit
    silent: Sequence[SilentMeter] | None = []
    if run.terms and len(meter_ids) <= METERS_MAX:
        silent = await _silent(run, meter_ids)
    if silent is None:
        return
    agreements = {each.id: each for each in await unit.charging.agreements_of([account_id])}
    stored = await unit.estimated.of(agreements.keys())
    changes = estimate_changes(stored=stored, now=await _periods(run, agreements.keys(), silent))
    if not changes:
        return
    await unit.estimates.mark([each.meter_id for each in silent])
    await enter_estimates(unit, changes, source=f"day/{run.day}", at=run.now)
    above = first_number(await unit.charging.epoch())
    await tell_charges(
        unit=unit,
        estimates=[told_estimate(each.after, above=above) for each in changes],
        partition=0,
        now=run.now,
    )
    ESTIMATES.labels("changed").inc()


async def _silent(run: _Run, meter_ids: Sequence[str]) -> list[SilentMeter] | None:
    """None where that rests on readings that have left: so long ago is nothing estimated anew, and
    what was estimated stands until one of the meters speaks, or a person decides."""
    assert run.terms is not None, "where nothing is estimated nobody is asked about"
    unit = run.unit
    rows = await unit.charging.meters(meter_ids)
    histories = await unit.charging.histories(list(rows.values()))
    if any(
        rests_on_what_left(each, until_us=run.until_us, pricings=run.pricings)
        for each in histories.values()
    ):
        return None
    relay_open = await unit.relays.relay_open(meter_ids)
    found: list[SilentMeter] = []
    for meter_id in sorted(histories):
        one = estimate_meter(
            histories[meter_id],
            terms=run.terms,
            until_us=run.until_us,
            relay_open=relay_open.get(meter_id, ()),
            pricings=run.pricings,
        )
        if one is not None:
            found.append(one)
    return found


async def _periods(
    run: _Run, agreement_ids: Collection[UUID], silent: Sequence[SilentMeter]
) -> list[EstimatedPeriod]:
    """All meters of an agreement together: they share blocks."""
    use: dict[UUID, DayUsage] = {}
    for each in silent:
        for agreement_id, of in each.use.items():
            use[agreement_id] = sum_of_use(use.get(agreement_id, {}), of)
    agreements = await run.unit.charging.agreements(use.keys() & set(agreement_ids))
    deltas = {agreement_id: (use[agreement_id], None) for agreement_id in agreements}
    states = await states_of(run.unit, agreements, deltas, run.pricings)
    periods: list[EstimatedPeriod] = []
    for agreement_id, agreement in agreements.items():
        pricing = run.pricings[agreement.book]
        of = [each for each in silent if agreement_id in each.use]
        periods += estimate_periods(
            agreement=agreement,
            pricing=pricing,
            states=states.get(agreement_id, {}),
            use=use[agreement_id],
            meters={each.meter_id: each.since_us for each in of},
            until_us=max(each.until_us for each in of),
            today=pricing.calendar.day_of(us_of(run.now)),
        )
    return periods
