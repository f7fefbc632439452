"""Use and charges as they are kept against what readings and tariffs come to: pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from prepay_ledger.charging.charge_agreement import (
    PeriodState,
    charge_period,
    charged_as_of,
    year_before,
)
from prepay_ledger.charging.derive_meter import derive_meter
from prepay_ledger.charging.follow_meter import open_use
from prepay_ledger.charging.meters import Agreement, MeterHistory, MeterRow, sum_of_use
from prepay_ledger.charging.pricing import Pricing, Pricings
from prepay_ledger.seals.values import Finding
from prewatt_metering.usage.days import DayUsage
from prewatt_metering.usage.difference import usage_difference


class Entered(NamedTuple):
    """Micro-units that the account was charged, and Wh."""

    micro: int
    wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSums:
    """The sums that are kept beside a period's postings and energy: of all that is charged, and of
    what of it is entered. ``entered_micro``: what the entered postings come to, None where they
    cannot be read."""

    charged: Entered
    entered: Entered
    entered_micro: int | None


@dataclass(kw_only=True)
class KeptAgreement:
    """What is kept of an agreement: its periods and their sums by first day, its use in Wh by first
    day of the period and then by part and slot, as `PeriodState.energy` has it, of all meters, and
    the sums of its entries by the period that they name."""

    agreement: Agreement
    states: dict[date, PeriodState] = field(default_factory=dict[date, PeriodState])
    energy: dict[date, DayUsage] = field(default_factory=dict[date, DayUsage])
    sums: dict[date, KeptSums] = field(default_factory=dict[date, KeptSums])
    entries: dict[date | None, Entered] = field(default_factory=dict[date | None, Entered])

    def add_use(self, pricings: Pricings, day: date, slot: str, wh: int) -> None:
        """Use of one local day and slot."""
        pricing = pricings[self.agreement.book]
        period = pricing.period_of(day)
        of_period = self.energy.setdefault(period.first, {})
        key = (max(pricing.part_of(day), period.first), slot)
        of_period[key] = of_period.get(key, 0) + wh


def check_meter(
    *, row: MeterRow | None, history: MeterHistory, pricings: Pricings
) -> Iterator[Finding]:
    """Where days of use and the open day are not what all of the meter's readings come to."""
    derived = derive_meter(history, pricings).use
    opened = open_use(row, pricings)
    for agreement_id in sorted(derived.keys() | history.use.keys() | opened.keys()):
        now = derived.get(agreement_id, {})
        kept = sum_of_use(history.use.get(agreement_id, {}), opened.get(agreement_id, {}))
        for day, slot in usage_difference(before=now, after=kept):
            yield Finding(
                "use",
                None,
                f"meter {history.meter_id}, agreement {agreement_id}, {day} {slot}: "
                f"{kept.get((day, slot), 0)} Wh are kept, "
                f"its readings come to {now.get((day, slot), 0)} Wh",
            )


def check_agreement(kept: KeptAgreement, pricings: Pricings) -> Iterator[Finding]:
    """Where the periods of an agreement are not what its use, tariff and days come to, its sums not
    what they are of, and its entries not what is kept as entered. Each period is charged as of the
    day of its stored charge."""
    for first in sorted(kept.states.keys() | kept.energy.keys()):
        yield from _check_energy(kept, first)
    yield from _check_entries(kept)
    for first in sorted(kept.states):
        yield from _check_sums(kept.states[first], kept)
        yield from _check_charge(kept.states[first], kept, pricings[kept.agreement.book])


def _check_energy(kept: KeptAgreement, first: date) -> Iterator[Finding]:
    state = kept.states.get(first)
    energy: Mapping[tuple[date, str], int] = {} if state is None else state.energy
    use = kept.energy.get(first, {})
    for part, slot in usage_difference(before=use, after=dict(energy)):
        yield Finding(
            "energy",
            None,
            f"{_name(kept, first)}, part of {part} {slot}: {energy.get((part, slot), 0)} Wh are "
            f"kept, its days of use come to {use.get((part, slot), 0)} Wh",
        )


def _check_entries(kept: KeptAgreement) -> Iterator[Finding]:
    for first in sorted(kept.entries.keys() | kept.sums.keys(), key=str):
        found = kept.entries.get(first, Entered(0, 0))
        sums = None if first is None else kept.sums.get(first)
        entered = Entered(0, 0) if sums is None else sums.entered
        if found != entered:
            yield Finding(
                "entries",
                None,
                f"{_name(kept, first)}: {entered.micro} micro-units and {entered.wh} Wh are kept "
                f"as entered, its entries come to {found.micro} and {found.wh}",
            )


def _check_sums(state: PeriodState, kept: KeptAgreement) -> Iterator[Finding]:
    first = state.period.first
    sums = kept.sums[first]
    for what, was, is_now in (
        ("micro-units are kept as charged", sums.charged.micro, state.total_micro),
        ("Wh are kept as charged", sums.charged.wh, state.energy_wh),
        ("micro-units are kept as entered", sums.entered.micro, sums.entered_micro),
    ):
        if was != is_now:
            yield Finding(
                "sums", None, f"{_name(kept, first)}: {was} {what}, its rows come to {is_now}"
            )


def _check_charge(state: PeriodState, kept: KeptAgreement, pricing: Pricing) -> Iterator[Finding]:
    first = state.period.first
    if state.period != pricing.period_of(first):
        yield Finding("charge", None, f"{_name(kept, first)}: it ends on {state.period.end}")
        return
    before: Sequence[PeriodState] = list(kept.states.values())
    year_before_wh = year_before(before, state.period) if pricing.has_annual_blocks else None
    now = charge_period(
        state,
        kept.agreement,
        pricing,
        today=charged_as_of(state),
        year_before_wh=year_before_wh,
    ).state
    for name in sorted(state.posted.keys() | now.posted.keys()):
        was, is_now = state.posted.get(name, 0), now.posted.get(name, 0)
        if was != is_now:
            yield Finding(
                "charge",
                None,
                f"{_name(kept, first)}, {name}: {was} micro-units are posted, "
                f"its lines come to {is_now}",
            )
    if (state.standing_days, state.due_day) != (now.standing_days, now.due_day):
        yield Finding(
            "charge",
            None,
            f"{_name(kept, first)}: {state.standing_days} days of standing charge and due next on "
            f"{state.due_day} are kept, it is {now.standing_days} and {now.due_day}",
        )


def _name(kept: KeptAgreement, first: date | None) -> str:
    return f"agreement {kept.agreement.id}, period {first}"
