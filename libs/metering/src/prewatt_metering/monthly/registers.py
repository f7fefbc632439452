"""From registers to a month's energy and days, whatever the order the readings came in.

The state of a binding is, for each month, the highest register and the latest instant. Merging is
maximum and maximum: commutative, associative and idempotent. What is derived from it is therefore
a function of the *set* of readings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from prewatt_metering.monthly.months import BillingMonth, MonthClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A meter serves an account from ``effective_from`` until ``effective_to`` (none: still).

    ``opening_wh`` is the register at ``effective_from``.
    """

    binding_id: UUID | str
    effective_from: datetime
    effective_to: datetime | None
    opening_wh: int

    def covers(self, at: datetime) -> bool:
        """Whether a reading at ``at`` is of this binding: (effective_from, effective_to].

        A reading tells of the interval before it, so one at the very instant where one binding
        ends and the next begins closes the older; for the newer, ``opening_wh`` stands there.
        """
        return self.effective_from < at and (self.effective_to is None or at <= self.effective_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRegister:
    """What is kept of a month's readings: the highest register and the latest instant.

    They need not be of the same reading. A register that goes backwards lowers nothing.
    """

    month: BillingMonth
    max_wh: int
    last_at: datetime


def merge(a: MonthRegister, b: MonthRegister) -> MonthRegister:
    """Both together. Gives ``a`` itself where ``b`` adds nothing."""
    assert a.month == b.month, f"{a.month} and {b.month} are different months"
    if b.max_wh <= a.max_wh and b.last_at <= a.last_at:
        return a
    return MonthRegister(
        month=a.month,
        max_wh=max(a.max_wh, b.max_wh),
        last_at=max(a.last_at, b.last_at),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUsage:
    """A month as it is rated: energy above ``base_wh`` and days of standing charge.

    ``max_wh`` and ``last_at`` are the month's register; in a month without a reading they are
    ``base_wh`` and the latest instant before it.
    """

    month: BillingMonth
    base_wh: int
    max_wh: int
    last_at: datetime
    energy_wh: int
    days: int


def usage(
    *, binding: Binding, months: Mapping[BillingMonth, MonthRegister], clock: MonthClock
) -> list[MonthUsage]:
    """Every month from the binding's first to the last with readings, those without included.

    ``months`` are of readings that ``binding`` covers; the result is empty without any. Energy is
    the rise of the highest register so far, so it sums to the highest register less
    ``opening_wh``, and a late reading moves energy between months.
    """
    if not months:
        return []
    last = max(months)
    first_day = clock.first_day_from(binding.effective_from)
    month = BillingMonth(first_day.year, first_day.month)
    assert month <= min(months), f"readings before the binding began in {month}"
    base_wh = binding.opening_wh
    last_at = binding.effective_from
    result: list[MonthUsage] = []
    while month <= last:
        register = months.get(month)
        if register is None:
            register = MonthRegister(month=month, max_wh=base_wh, last_at=last_at)
        used = month_usage(
            binding=binding,
            month=month,
            base_wh=base_wh,
            register=register,
            closed=month < last,
            clock=clock,
        )
        result.append(used)
        base_wh = max(base_wh, register.max_wh)
        last_at = max(last_at, register.last_at)
        month = month.next()
    return result


def month_usage(
    *,
    binding: Binding,
    month: BillingMonth,
    base_wh: int,
    register: MonthRegister,
    closed: bool,
    clock: MonthClock,
) -> MonthUsage:
    """One month alone: the hot path for the newest month, the same as `usage` gives for it.

    ``base_wh`` is the highest of ``opening_wh`` and every earlier month's ``max_wh``; ``closed``
    says that a later month has a reading, so that standing days run to the month's last day.
    """
    return MonthUsage(
        month=month,
        base_wh=base_wh,
        max_wh=register.max_wh,
        last_at=register.last_at,
        energy_wh=max(0, register.max_wh - base_wh),
        days=_standing_days(binding, month, register.last_at, closed=closed, clock=clock),
    )


def _standing_days(
    binding: Binding, month: BillingMonth, last_at: datetime, *, closed: bool, clock: MonthClock
) -> int:
    """Local calendar days served, from the binding's first in the month to the last one known."""
    last = month.days() if closed else clock.day_of(last_at).day
    if binding.effective_from <= clock.bounds(month)[0]:
        return last
    begins = clock.first_day_from(binding.effective_from)
    return max(0, last - (begins - date(month.year, month.month, 1)).days)
