"""Billing's month against the ledger's: do they agree, and if not, in what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.meters.terms import MeterBinding, TariffBook
from billing.postings.values import Posted
from prewatt_metering.monthly.months import BillingMonth, MonthClock
from prewatt_metering.monthly.rating import Charge, rate
from prewatt_metering.monthly.registers import MonthRegister, MonthUsage, month_usage
from prewatt_metering.monthly.tariffs import NoTariff, version_for


class Kind(StrEnum):
    """How a meter-month stands."""

    AGREES = "agrees"
    IN_FLIGHT = "in_flight"
    """The two have not taken the same readings yet."""
    DIFFERS = "differs"
    """The same readings and another charge: one of the two is wrong."""
    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_BILLING = "missing_in_billing"
    NOT_RATEABLE = "not_rateable"
    """Billing knows no tariff for it."""


@dataclass(frozen=True, slots=True)
class Registers:
    """Billing's state of a binding as seen from one month.

    ``earlier`` is the highest register and latest instant of all months before it (none: no
    reading), ``own`` the month's; ``closed`` says that a later month has readings.
    """

    earlier: tuple[int, datetime] | None
    own: MonthRegister | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One binding's month as both sides have it. ``changed_at`` is when either last moved here."""

    binding_id: UUID
    bound: MeterBinding | None
    account_number: str | None
    registers: Registers
    posted: Posted | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rated:
    """Billing's own charge for the month."""

    usage: MonthUsage
    charge: Charge
    currency: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome for one binding's month."""

    pair: Pair
    kind: Kind
    rated: Rated | None


def compare(*, month: BillingMonth, pair: Pair, tariffs: TariffBook) -> Compared | None:
    """None where neither side has a charge in the month.

    A difference with the same registers in this month is reported as `Kind.DIFFERS`; another
    month can still explain it, see `saw_the_same`.
    """
    bound = pair.bound
    if bound is None:
        return Compared(pair, Kind.MISSING_IN_BILLING, None) if pair.posted else None
    clock = tariffs.clock(bound.tariff_code)
    if clock is None:
        return Compared(pair, Kind.NOT_RATEABLE, None) if pair.posted else None
    used = _usage(month=month, bound=bound, registers=pair.registers, clock=clock)
    if used is None:
        return Compared(pair, Kind.MISSING_IN_BILLING, None) if pair.posted else None
    try:
        version = version_for(versions=tariffs.versions(bound.tariff_code), month=month)
    except NoTariff:
        return Compared(pair, Kind.NOT_RATEABLE, None)
    charge = rate(tariff=version.tariff, energy_wh=used.energy_wh, days=used.days)
    rated = Rated(used, charge, version.currency)
    if pair.posted is None and pair.registers.own is None and charge == Charge.ZERO:
        return None  # a month without reading or charge: the ledger has nothing to tell of it
    return Compared(pair, _kind(pair, rated, clock), rated)


def _usage(
    *, month: BillingMonth, bound: MeterBinding, registers: Registers, clock: MonthClock
) -> MonthUsage | None:
    """The month as `prewatt_metering.usage` gives it, from its neighbours' summary alone."""
    binding = bound.binding
    begun = binding.effective_from < clock.bounds(month)[1]
    if not begun or (registers.own is None and not registers.closed):
        return None
    earlier_wh, earlier_at = registers.earlier or (binding.opening_wh, binding.effective_from)
    base_wh = max(binding.opening_wh, earlier_wh)
    return month_usage(
        binding=binding,
        month=month,
        base_wh=base_wh,
        register=registers.own or MonthRegister(month=month, max_wh=base_wh, last_at=earlier_at),
        closed=registers.closed,
        clock=clock,
    )


def _kind(pair: Pair, rated: Rated, clock: MonthClock) -> Kind:
    posted = pair.posted
    if posted is None:
        return Kind.MISSING_IN_LEDGER
    if (posted.total_micro, posted.energy_wh) == (rated.charge.total_micro, rated.usage.energy_wh):
        return Kind.AGREES
    own = {rated.usage.month: pair.registers.own} if pair.registers.own else {}
    same = saw_the_same(registers=own, posted={rated.usage.month: posted}, clock=clock)
    return Kind.DIFFERS if same else Kind.IN_FLIGHT


def saw_the_same(
    *,
    registers: Mapping[BillingMonth, MonthRegister],
    posted: Mapping[BillingMonth, Posted],
    clock: MonthClock,
) -> bool:
    """Whether both sides have taken the same readings in all of the months given.

    A month's charge also hangs on the months around it: an earlier one is its base, a later one
    closes it. In a month without a reading the ledger shows what was known before it.
    """
    for month in registers.keys() | posted.keys():
        ours, theirs = registers.get(month), posted.get(month)
        if ours is None:
            if theirs is not None and clock.month_of(theirs.last_read_at) == month:
                return False
        elif theirs is None or (theirs.import_wh, theirs.last_read_at) != (
            ours.max_wh,
            ours.last_at,
        ):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the meter-months of one currency, in micro-units."""

    billing_micro: int = 0
    ledger_micro: int = 0


class Tally:
    """Counts and totals, taken one comparison at a time."""

    def __init__(self) -> None:
        self.counts: dict[Kind, int] = dict.fromkeys(Kind, 0)
        self.totals: dict[str | None, Totals] = {}
        """By currency; none where billing does not know it."""

    def add(self, compared: Compared) -> None:
        """Count ``compared`` and add its amounts."""
        self.counts[compared.kind] += 1
        rated, posted = compared.rated, compared.pair.posted
        currency = rated.currency if rated else None
        known = self.totals.get(currency, Totals())
        self.totals[currency] = Totals(
            known.billing_micro + (rated.charge.total_micro if rated else 0),
            known.ledger_micro + (posted.total_micro if posted else 0),
        )

    @property
    def compared(self) -> int:
        """All meter-months."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class History:
    """All months of a binding on both sides."""

    registers: Mapping[BillingMonth, MonthRegister]
    posted: Mapping[BillingMonth, Posted]


def explained(
    *, compared: Sequence[Compared], histories: Mapping[UUID, History], tariffs: TariffBook
) -> list[Compared]:
    """``compared`` with differences that another month's readings explain set to in flight."""
    result: list[Compared] = []
    for each in compared:
        history = histories.get(each.pair.binding_id)
        bound = each.pair.bound
        clock = tariffs.clock(bound.tariff_code) if bound else None
        if each.kind is Kind.DIFFERS and history is not None and clock is not None:
            same = saw_the_same(registers=history.registers, posted=history.posted, clock=clock)
            if not same:
                result.append(Compared(each.pair, Kind.IN_FLIGHT, each.rated))
                continue
        result.append(each)
    return result
