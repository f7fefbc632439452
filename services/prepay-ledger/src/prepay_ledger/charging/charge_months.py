"""From readings to charges: ``C(state of all accepted readings) - posted``.

The state of a binding is a semilattice (the highest register and latest instant of each month),
so late, repeated and reordered readings end in the same charge; see prewatt_metering.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prewatt_metering.monthly.months import BillingMonth, MonthClock
from prewatt_metering.monthly.rating import Charge, rate
from prewatt_metering.monthly.registers import (
    Binding,
    MonthRegister,
    MonthUsage,
    merge,
    month_usage,
    usage,
)
from prewatt_metering.monthly.tariffs import TariffVersion, version_for


@dataclass(frozen=True, slots=True)
class PostedMonth:
    """A month of a binding as posted: its register state (none where it had no reading) and the
    charge posted for it."""

    month: BillingMonth
    register: MonthRegister | None
    charge: Charge


@dataclass(frozen=True, slots=True)
class BindingState:
    """A binding and its newest month with readings. Older months are loaded only when needed."""

    binding: Binding
    binding_id: UUID
    account_id: UUID
    meter_id: str
    tariff_code: str
    version: int
    base_wh: int
    current: PostedMonth | None


class Reading(NamedTuple):
    """A register snapshot: instant and Wh. A tuple: one is made for every reading."""

    at: datetime
    import_wh: int


@dataclass(frozen=True, slots=True)
class MonthCharged:
    """A month after a batch: its usage, its charge in all, and what is to be posted now."""

    usage: MonthUsage
    charge: Charge
    delta: Charge


@dataclass(frozen=True, slots=True)
class Charged:
    """A binding after a batch: the state to store and the months that moved."""

    state: BindingState
    closed: tuple[PostedMonth, ...]
    months: tuple[MonthCharged, ...]


def needs_history(*, state: BindingState, readings: Sequence[Reading], clock: MonthClock) -> bool:
    """Whether any reading lies outside the binding's newest month."""
    if state.current is None:
        return True
    month = state.current.month
    return any(clock.month_of(reading.at) != month for reading in readings)


def charge_current_month(
    *,
    state: BindingState,
    readings: Sequence[Reading],
    versions: Sequence[TariffVersion],
    clock: MonthClock,
) -> Charged | None:
    """The hot path: all readings lie in the newest month. None where they change nothing."""
    current = state.current
    assert current is not None
    assert current.register is not None
    register = _merged(current.register, readings, month=current.month)
    if register == current.register:
        return None
    used = month_usage(
        binding=state.binding,
        month=current.month,
        base_wh=state.base_wh,
        register=register,
        closed=False,
        clock=clock,
    )
    charge = _rated(used, versions=versions)
    charged = MonthCharged(used, charge, charge - current.charge)
    posted = PostedMonth(current.month, register, charge)
    return Charged(
        replace(state, current=posted, version=state.version + 1), closed=(), months=(charged,)
    )


def charge_with_history(
    *,
    state: BindingState,
    closed: Iterable[PostedMonth],
    readings: Sequence[Reading],
    versions: Sequence[TariffVersion],
    clock: MonthClock,
) -> Charged | None:
    """Any readings: the binding's months are all derived anew. None where nothing changes."""
    before = {posted.month: posted for posted in closed}
    if state.current is not None:
        before[state.current.month] = state.current
    registers = {m: p.register for m, p in before.items() if p.register is not None}
    after = dict(registers)
    for month, some in _by_month(readings, clock=clock).items():
        after[month] = _merged(after.get(month), some, month=month)
    if after == registers:
        return None
    used = usage(binding=state.binding, months=after, clock=clock)
    posted = {
        each.month: PostedMonth(each.month, after.get(each.month), _rated(each, versions=versions))
        for each in used
    }
    months = tuple(
        MonthCharged(each, posted[each.month].charge, posted[each.month].charge - already)
        for each in used
        if (already := _posted_charge(before, each.month)) != posted[each.month].charge
        or after.get(each.month) != registers.get(each.month)
    )
    newest = used[-1]
    return Charged(
        replace(
            state,
            base_wh=newest.base_wh,
            current=posted[newest.month],
            version=state.version + 1,
        ),
        closed=tuple(posted[each.month] for each in used[:-1]),
        months=months,
    )


def _rated(used: MonthUsage, *, versions: Sequence[TariffVersion]) -> Charge:
    version = version_for(versions=versions, month=used.month)
    return rate(tariff=version.tariff, energy_wh=used.energy_wh, days=used.days)


def _posted_charge(months: Mapping[BillingMonth, PostedMonth], month: BillingMonth) -> Charge:
    posted = months.get(month)
    return posted.charge if posted else Charge.ZERO


def _by_month(
    readings: Sequence[Reading], *, clock: MonthClock
) -> dict[BillingMonth, list[Reading]]:
    months: dict[BillingMonth, list[Reading]] = {}
    for reading in readings:
        months.setdefault(clock.month_of(reading.at), []).append(reading)
    return months


def _merged(
    register: MonthRegister | None, readings: Sequence[Reading], *, month: BillingMonth
) -> MonthRegister:
    for reading in readings:
        new = MonthRegister(month=month, max_wh=reading.import_wh, last_at=reading.at)
        register = new if register is None else merge(register, new)
    assert register is not None
    return register
