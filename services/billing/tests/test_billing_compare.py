"""Billing's month against the ledger's, as tables and as properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.meters.terms import MeterBinding, TariffBook
from billing.postings.values import Posted
from billing.reconciliation.compare import (
    Compared,
    History,
    Kind,
    Pair,
    Registers,
    Tally,
    Totals,
    compare,
    explained,
)
from billing.reconciliation.watch import is_difference
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.rating import rate
from prewatt_metering.monthly.registers import Binding, MonthRegister, usage
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

BINDING = UUID(int=1)
ACCOUNT = UUID(int=2)
OCTOBER, NOVEMBER, DECEMBER = (BillingMonth(2026, month) for month in (10, 11, 12))
TARIFF = Tariff(
    blocks=(
        Block(upto_wh=10_000, price_micro_per_kwh=500_000),
        Block(upto_wh=None, price_micro_per_kwh=800_000),
    ),
    standing_micro_per_day=100_000,
    tax_bp=1_300,
)
BOOK = TariffBook(
    [
        TariffVersion(
            code="home",
            effective_from=OCTOBER,
            currency="CNY",
            timezone="Asia/Shanghai",
            tariff=TARIFF,
        )
    ]
)
CLOCK = BOOK.clock("home")
assert CLOCK is not None


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bound(code: str = "home", begins: str = "2026-10-05T00:00") -> MeterBinding:
    binding = Binding(
        binding_id=BINDING, effective_from=at(begins), effective_to=None, opening_wh=1_000
    )
    return MeterBinding(BINDING, ACCOUNT, "m-1", code, binding)


READ_AT = at("2026-11-10T04:00")
OWN = MonthRegister(month=NOVEMBER, max_wh=9_000, last_at=READ_AT)
REGISTERS = Registers(earlier=(4_000, at("2026-10-31T00:00")), own=OWN, closed=False)
# 5 kWh and ten days: 2.5 + 1.0, and 13 % tax
POSTED = Posted(ACCOUNT, "m-1", 9_000, READ_AT, 5_000, 3_955_000)
PAIR = Pair(BINDING, bound(), "A-1", REGISTERS, POSTED, READ_AT)


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (PAIR, Kind.AGREES),
        (replace(PAIR, posted=replace(POSTED, total_micro=3_955_001)), Kind.DIFFERS),
        (replace(PAIR, posted=replace(POSTED, energy_wh=4_999)), Kind.DIFFERS),
        (
            replace(
                PAIR,
                posted=replace(POSTED, total_micro=1, last_read_at=READ_AT - timedelta(minutes=15)),
            ),
            Kind.IN_FLIGHT,
        ),
        (replace(PAIR, posted=replace(POSTED, total_micro=1, import_wh=8_999)), Kind.IN_FLIGHT),
        (replace(PAIR, posted=None), Kind.MISSING_IN_LEDGER),
        (replace(PAIR, bound=None), Kind.MISSING_IN_BILLING),
        (replace(PAIR, registers=Registers(None, None, closed=False)), Kind.MISSING_IN_BILLING),
        (replace(PAIR, bound=bound("unheard-of")), Kind.NOT_RATEABLE),
    ],
)
def test_kinds(pair: Pair, kind: Kind) -> None:
    compared = compare(month=NOVEMBER, pair=pair, tariffs=BOOK)
    assert compared is not None
    assert compared.kind is kind


@pytest.mark.parametrize(
    "pair",
    [
        replace(PAIR, bound=None, posted=None),
        replace(PAIR, bound=bound("unheard-of"), posted=None),
        # begins after the month
        replace(PAIR, bound=bound(begins="2026-12-05T00:00"), posted=None),
        # its readings end before the month
        replace(PAIR, registers=replace(REGISTERS, own=None), posted=None),
    ],
)
def test_nothing_on_either_side_is_not_compared(pair: Pair) -> None:
    assert compare(month=NOVEMBER, pair=pair, tariffs=BOOK) is None


def test_a_month_before_the_first_version_cannot_be_rated() -> None:
    september = BillingMonth(2026, 9)
    own = MonthRegister(month=september, max_wh=2_000, last_at=at("2026-09-10T00:00"))
    pair = Pair(
        BINDING, bound(begins="2026-09-05T00:00"), "A-1", Registers(None, own, closed=False), None,
        None,
    )  # fmt: skip
    compared = compare(month=september, pair=pair, tariffs=BOOK)
    assert compared is not None
    assert (compared.kind, compared.rated) == (Kind.NOT_RATEABLE, None)


def test_a_month_without_readings_agrees_whatever_was_known_before_it() -> None:
    # 30 standing days and 13 % tax; the ledger told of it before a late October reading
    posted = Posted(ACCOUNT, "m-1", 3_000, at("2026-10-20T00:00"), 0, 3_390_000)
    pair = replace(PAIR, posted=posted, registers=replace(REGISTERS, own=None, closed=True))
    compared = compare(month=NOVEMBER, pair=pair, tariffs=BOOK)
    assert compared is not None
    assert compared.kind is Kind.AGREES


def _differing() -> Compared:
    compared = compare(
        month=NOVEMBER, pair=replace(PAIR, posted=replace(POSTED, total_micro=1)), tariffs=BOOK
    )
    assert compared is not None
    return compared


@pytest.mark.parametrize(
    ("registers", "posted", "kind"),
    [
        ({NOVEMBER: OWN}, {NOVEMBER: POSTED}, Kind.DIFFERS),
        (
            # billing has an October reading that the ledger has not: November's base moves
            {
                OCTOBER: MonthRegister(month=OCTOBER, max_wh=4_000, last_at=at("2026-10-31T00:00")),
                NOVEMBER: OWN,
            },
            {NOVEMBER: POSTED},
            Kind.IN_FLIGHT,
        ),
        (
            # the ledger has a December reading that billing has not: November is closed there
            {NOVEMBER: OWN},
            {NOVEMBER: POSTED, DECEMBER: replace(POSTED, last_read_at=at("2026-12-02T00:00"))},
            Kind.IN_FLIGHT,
        ),
        (
            # a month without a reading on either side, as the ledger shows it
            {NOVEMBER: OWN},
            {NOVEMBER: POSTED, DECEMBER: POSTED},
            Kind.DIFFERS,
        ),
    ],
)
def test_other_months_explain_a_difference(
    registers: dict[BillingMonth, MonthRegister], posted: dict[BillingMonth, Posted], kind: Kind
) -> None:
    (result,) = explained(
        compared=[_differing()], histories={BINDING: History(registers, posted)}, tariffs=BOOK
    )
    assert result.kind is kind


def test_a_tally_counts_and_sums_by_currency() -> None:
    tally = Tally()
    for pair in (PAIR, PAIR, replace(PAIR, bound=None)):
        compared = compare(month=NOVEMBER, pair=pair, tariffs=BOOK)
        assert compared is not None
        tally.add(compared)
    assert tally.compared == 3
    assert tally.counts[Kind.AGREES] == 2
    assert tally.totals == {
        "CNY": Totals(7_910_000, 7_910_000),
        None: Totals(0, 3_955_000),
    }


@pytest.mark.parametrize(
    ("kind", "age_s", "counts"),
    [
        (Kind.AGREES, 999, False),
        (Kind.DIFFERS, 0, True),
        (Kind.NOT_RATEABLE, 0, True),
        (Kind.IN_FLIGHT, 10, False),
        (Kind.IN_FLIGHT, 120, True),
        (Kind.MISSING_IN_LEDGER, 10, False),
        (Kind.MISSING_IN_BILLING, 120, True),
    ],
)
def test_what_is_alerted_on(kind: Kind, age_s: int, counts: bool) -> None:
    compared = Compared(PAIR, kind, None)
    assert is_difference(compared, now=READ_AT + timedelta(seconds=age_s)) is counts


@given(
    reads=st.lists(
        st.tuples(st.integers(1, 96 * 100), st.integers(0, 100_000)), min_size=1, max_size=12
    )
)
def test_a_month_from_its_summary_is_the_same_as_from_all_readings(
    reads: list[tuple[int, int]],
) -> None:
    """The ledger rates with `usage`, billing from sums over its rows: both must be one."""
    assert CLOCK is not None
    owner = bound()
    registers: dict[BillingMonth, MonthRegister] = {}
    for quarters, wh in reads:
        instant = owner.binding.effective_from + quarters * timedelta(minutes=15)
        month = CLOCK.month_of(instant)
        known = registers.get(month)
        registers[month] = MonthRegister(
            month=month,
            max_wh=max(wh, known.max_wh if known else 0),
            last_at=max(instant, known.last_at if known else instant),
        )
    expected = {u.month: u for u in usage(binding=owner.binding, months=registers, clock=CLOCK)}
    month = BillingMonth(2026, 9)
    while month <= BillingMonth(2027, 3):
        before = [r for r in registers.values() if r.month < month]
        summary = Registers(
            earlier=(max(r.max_wh for r in before), max(r.last_at for r in before))
            if before
            else None,
            own=registers.get(month),
            closed=any(later > month for later in registers),
        )
        compared = compare(
            month=month, pair=Pair(BINDING, owner, None, summary, None, None), tariffs=BOOK
        )
        used = expected.get(month)
        if used is None:
            assert compared is None
        elif compared is not None:
            assert compared.rated is not None
            assert compared.rated.usage == used
            assert compared.rated.charge == rate(
                tariff=TARIFF, energy_wh=used.energy_wh, days=used.days
            )
        else:
            assert (used.energy_wh, used.days) == (0, 0)
        month = month.next()
