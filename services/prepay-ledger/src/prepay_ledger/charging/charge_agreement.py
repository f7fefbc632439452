"""From a change of use to what an agreement's periods cost, and what is to be posted of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from prepay_ledger.charging.meters import Agreement, later_us
from prepay_ledger.charging.postings import difference, postings_of
from prepay_ledger.charging.pricing import COUNTED_MAX, DAY, Pricing
from prewatt_metering.rating.charge import Charge, charge, parts_of_use
from prewatt_metering.rating.part import Unrated
from prewatt_metering.tariffs.periods import Period
from prewatt_metering.usage.days import DayUsage

Energy = Mapping[tuple[date, str], int]
"""Wh by (a day that stands for its part of the period, slot): see `Pricing.part_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodState:
    """A period of an agreement as it stands. ``version`` 0: it is not stored yet.

    ``posted``: what was posted of it by ledger account. ``due_day``: the local day on which time
    alone changes its charge next; none: never again.
    """

    agreement_id: UUID
    account_id: UUID
    period: Period
    version: int
    energy: Energy
    standing_days: int
    due_day: date | None
    posted: Mapping[str, int]
    last_read_us: int | None

    @property
    def total_micro(self) -> int:
        """What the account was charged for the period."""
        return sum(self.posted.values())

    @property
    def energy_wh(self) -> int:
        """Of all slots."""
        return sum(self.energy.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """A period after a change; ``delta`` is what is to be posted now, by ledger account."""

    state: PeriodState
    delta: Mapping[str, int]

    @property
    def delta_micro(self) -> int:
        """What the account is charged more; below 0: less."""
        return sum(self.delta.values())


def charge_agreement(
    *,
    agreement: Agreement,
    pricing: Pricing,
    states: Mapping[date, PeriodState],
    delta: DayUsage,
    last_read_us: int | None,
    today: date,
    anew: bool = False,
) -> list[Charged]:
    """The periods that change, in order.

    ``states``: by first day, those that are due, the latest, and those that `periods_concerned`
    names, where they are stored; with annual blocks, or where all is charged ``anew``, every one.
    ``today``: in the tariff's zone.
    """
    anew = anew or pricing.has_annual_blocks
    wanted = periods_concerned(pricing, delta, last_read_us)
    wanted.update(_due(agreement, pricing, states, today, anew=anew))
    read_in = None if last_read_us is None else _period_read(pricing, last_read_us)
    charged: list[Charged] = []
    before: list[PeriodState] = []
    for period in sorted(wanted):
        state = states.get(period.first) or _new_state(agreement, period)
        seen_us = last_read_us if period == read_in else None
        moved = replace(
            state,
            energy=_with(state.energy, delta, period, pricing),
            last_read_us=later_us(state.last_read_us, seen_us),
        )
        year_before_wh = year_before(before, period) if pricing.has_annual_blocks else None
        result = charge_period(
            moved, agreement, pricing, today=today, year_before_wh=year_before_wh
        )
        before.append(moved)
        if result.state != state:
            version = state.version + 1
            charged.append(replace(result, state=replace(result.state, version=version)))
    return charged


def periods_concerned(pricing: Pricing, delta: DayUsage, last_read_us: int | None) -> set[Period]:
    """The periods whose energy changes, and the one that the latest reading lies in."""
    found = {pricing.period_of(day) for day in {day for day, _ in delta}}
    if last_read_us is not None:
        found.add(_period_read(pricing, last_read_us))
    return found


def year_before(states: Iterable[PeriodState], period: Period) -> dict[str, int]:
    """Energy by slot of the calendar year before ``period``, for annual blocks: each day counts to
    its own year, though a period may cross one."""
    total: dict[str, int] = {}
    for state in states:
        if state.period.first < period.first:
            for (day, slot), wh in state.energy.items():
                if day.year == period.first.year:
                    total[slot] = total.get(slot, 0) + wh
    return total


def rated(
    state: PeriodState,
    agreement: Agreement,
    pricing: Pricing,
    *,
    today: date,
    year_before_wh: Mapping[str, int] | None = None,
) -> Charge:
    """The lines of a period as of ``today``."""
    return charge(
        period=state.period,
        parts=parts_of_use(
            book=pricing.book,
            period=state.period,
            use_wh=state.energy,
            served=agreement.served_until(today + DAY),
        ),
        year_before_wh=year_before_wh,
        enterprise=agreement.enterprise,
        closed=today >= state.period.end,
    )


def charge_period(
    state: PeriodState,
    agreement: Agreement,
    pricing: Pricing,
    *,
    today: date,
    year_before_wh: Mapping[str, int] | None,
) -> Charged:
    """The period charged by its energy as of ``today``, whose version stays."""
    result = rated(state, agreement, pricing, today=today, year_before_wh=year_before_wh)
    posted = postings_of(result.lines)
    if max(map(abs, (*posted.values(), state.energy_wh)), default=0) > COUNTED_MAX:
        message = f"the period of {state.period.first} comes to more than can be counted"
        raise Unrated(message)
    moved = replace(
        state,
        posted=posted,
        standing_days=_common_days(state.period, agreement.served_until(today + DAY)),
        due_day=_due_day(state.period, agreement, today),
    )
    return Charged(state=moved, delta=difference(state.posted, posted))


def charged_as_of(state: PeriodState) -> date:
    """A local day as of which the period's stored charge is: the day before time alone changes it
    next, or that on which the period closed."""
    return state.period.end if state.due_day is None else state.due_day - DAY


def _due_day(period: Period, agreement: Agreement, today: date) -> date | None:
    """Each day has its standing charge; the day after the last closes the period."""
    if today >= period.end:
        return None
    last = period.end if agreement.end_day is None else min(period.end, agreement.end_day)
    following = max(today + DAY, period.first, agreement.first_day)
    return following if following < last else period.end


def _period_read(pricing: Pricing, at_us: int) -> Period:
    """A reading ends an interval: at midnight it is of the day before."""
    return pricing.period_of(pricing.calendar.day_of(at_us - 1))


def _due(
    agreement: Agreement,
    pricing: Pricing,
    states: Mapping[date, PeriodState],
    today: date,
    *,
    anew: bool,
) -> Iterator[Period]:
    for state in states.values():
        if anew or (state.due_day is not None and state.due_day <= today):
            yield state.period
    if not states:
        # Also where its first day is still to come: the period says when the sweep is to look.
        yield pricing.period_of(agreement.first_day)
    # Those that time has reached since, read or not: standing charge falls due in them.
    served = agreement.served_until(today + DAY)
    day = max((state.period.end for state in states.values()), default=agreement.first_day)
    while served is not None and day < served.end:
        period = pricing.period_of(day)
        yield period
        day = period.end


def _new_state(agreement: Agreement, period: Period) -> PeriodState:
    return PeriodState(
        agreement_id=agreement.id,
        account_id=agreement.account_id,
        period=period,
        version=0,
        energy={},
        standing_days=0,
        due_day=None,
        posted={},
        last_read_us=None,
    )


def _with(energy: Energy, delta: DayUsage, period: Period, pricing: Pricing) -> Energy:
    changed = dict(energy)
    for (day, slot), wh in delta.items():
        if day in period:
            key = (max(pricing.part_of(day), period.first), slot)
            changed[key] = changed.get(key, 0) + wh
    return {key: wh for key, wh in changed.items() if wh}


def _common_days(period: Period, served: Period | None) -> int:
    if served is None:
        return 0
    return max(0, (min(period.end, served.end) - max(period.first, served.first)).days)
