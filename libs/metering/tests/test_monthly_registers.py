"""Tables of months, and the convergence that everything else stands on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from prewatt_metering.monthly.tariffs import Block, Tariff

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
LADDER = Tariff(
    blocks=(
        Block(upto_wh=200_000, price_micro_per_kwh=488_300),
        Block(upto_wh=None, price_micro_per_kwh=538_300),
    ),
    standing_micro_per_day=333_333,
    tax_bp=1_300,
)
Read = tuple[datetime, int]


def at(text: str) -> datetime:
    """An instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bind(start: str, opening_wh: int = 0, end: str | None = None) -> Binding:
    return Binding(
        binding_id="b",
        effective_from=at(start),
        effective_to=at(end) if end else None,
        opening_wh=opening_wh,
    )


def state(reads: Iterable[Read], clock: MonthClock) -> dict[BillingMonth, MonthRegister]:
    months: dict[BillingMonth, MonthRegister] = {}
    for instant, wh in reads:
        month = clock.month_of(instant)
        new = MonthRegister(month=month, max_wh=wh, last_at=instant)
        months[month] = merge(months[month], new) if month in months else new
    return months


def months_of(binding: Binding, reads: Iterable[Read], tz: ZoneInfo = SHANGHAI) -> list[MonthUsage]:
    clock = MonthClock(tz)
    return usage(binding=binding, months=state(reads, clock), clock=clock)


def brief(used: list[MonthUsage]) -> list[tuple[str, int, int]]:
    return [(str(each.month), each.energy_wh, each.days) for each in used]


def test_without_readings_there_is_nothing_to_rate() -> None:
    assert months_of(bind("2026-11-01T00:00"), []) == []


@pytest.mark.parametrize(
    ("name", "reads", "expected"),
    [
        ("one reading", [("2026-11-10T04:00", 1_500)], [("2026-11", 500, 10)]),
        (
            "a register going backwards lowers nothing",
            [("2026-11-10T04:00", 1_500), ("2026-11-11T04:00", 1_200)],
            [("2026-11", 500, 11)],
        ),
        (
            "a register below the opening is no energy",
            [("2026-11-10T04:00", 900)],
            [("2026-11", 0, 10)],
        ),
        (
            "the reading at midnight of the 1st closes the month",
            [("2026-11-30T16:00", 3_000)],
            [("2026-11", 2_000, 30)],
        ),
        (
            "a later month closes the earlier one",
            [("2026-11-10T04:00", 1_500), ("2026-12-02T04:00", 1_800)],
            [("2026-11", 500, 30), ("2026-12", 300, 2)],
        ),
        (
            "a late reading moves energy to the month it belongs to",
            [("2026-11-10T04:00", 1_500), ("2026-12-02T04:00", 1_800), ("2026-11-29T04:00", 1_700)],
            [("2026-11", 700, 30), ("2026-12", 100, 2)],
        ),
        (
            "months without readings have their standing days",
            [("2026-11-10T04:00", 1_500), ("2027-01-31T16:00", 1_800)],
            [("2026-11", 500, 30), ("2026-12", 0, 31), ("2027-01", 300, 31)],
        ),
        (
            "no reading before the second month: all energy is in it",
            [("2026-12-05T04:00", 1_800)],
            [("2026-11", 0, 30), ("2026-12", 800, 5)],
        ),
        (
            "a register going backwards at the turn is made up for before it counts again",
            [("2026-11-10T04:00", 1_500), ("2026-12-02T04:00", 1_400), ("2026-12-03T04:00", 1_600)],
            [("2026-11", 500, 30), ("2026-12", 100, 3)],
        ),
    ],
)
def test_months(name: str, reads: list[tuple[str, int]], expected: list[object]) -> None:
    binding = bind("2026-10-31T16:00", opening_wh=1_000)  # midnight of 1 November
    assert brief(months_of(binding, [(at(t), wh) for t, wh in reads])) == expected, name


@pytest.mark.parametrize(
    ("start", "read", "tz", "expected"),
    [
        # begun at noon of the 10th: the 10th counts
        ("2026-11-10T04:00", "2026-11-12T04:00", SHANGHAI, [("2026-11", 5, 3)]),
        # begun at midnight of the 10th, and of the 1st, read a second later
        ("2026-11-09T16:00", "2026-11-09T16:00:01", SHANGHAI, [("2026-11", 5, 1)]),
        ("2026-11-30T16:00", "2026-11-30T16:00:01", SHANGHAI, [("2026-12", 5, 1)]),
        # leap February, whole
        ("2028-01-31T16:00", "2028-02-29T16:00", SHANGHAI, [("2028-02", 5, 29)]),
        # the months of the 23- and the 25-hour day count calendar days
        ("2026-02-28T23:00", "2026-03-31T22:00", BERLIN, [("2026-03", 5, 31)]),
        ("2026-09-30T22:00", "2026-10-31T23:00", BERLIN, [("2026-10", 5, 31)]),
        ("2026-10-25T00:30", "2026-10-25T23:00", BERLIN, [("2026-10", 5, 1)]),
        ("2026-03-28T23:00", "2026-03-29T22:00", BERLIN, [("2026-03", 5, 1)]),
    ],
)
def test_standing_days(start: str, read: str, tz: ZoneInfo, expected: list[object]) -> None:
    assert brief(months_of(bind(start), [(at(read), 5)], tz)) == expected


def test_a_month_without_reading_shows_what_was_known_before_it() -> None:
    binding = bind("2026-10-31T16:00", opening_wh=1_000)
    used = months_of(binding, [(at("2026-11-10T04:00"), 1_500), (at("2027-01-02T04:00"), 1_600)])
    assert (used[1].base_wh, used[1].max_wh) == (1_500, 1_500)
    assert used[1].last_at == at("2026-11-10T04:00")


@pytest.mark.parametrize(
    ("instant", "old", "new"),
    [
        ("2026-11-09T23:59", True, False),
        ("2026-11-10T00:00", True, False),  # it closes the older one
        ("2026-11-10T00:01", False, True),
    ],
)
def test_coverage(instant: str, old: bool, new: bool) -> None:
    ended = bind("2026-11-01T00:00", end="2026-11-10T00:00")
    assert ended.covers(at(instant)) is old
    assert bind("2026-11-10T00:00").covers(at(instant)) is new


def test_different_months_do_not_merge() -> None:
    a = MonthRegister(month=BillingMonth(2026, 11), max_wh=1, last_at=at("2026-11-02T00:00"))
    b = MonthRegister(month=BillingMonth(2026, 12), max_wh=1, last_at=at("2026-12-02T00:00"))
    with pytest.raises(AssertionError, match="different months"):
        merge(a, b)


START = datetime(2026, 1, 15, 7, 30, tzinfo=UTC)
reads_strategy = st.lists(
    st.tuples(
        st.integers(1, 200 * 96).map(lambda quarters: START + quarters * timedelta(minutes=15)),
        st.integers(0, 3_000_000),
    ),
    min_size=1,
    max_size=30,
)


def total(used: list[MonthUsage]) -> Charge:
    charge = Charge.ZERO
    for each in used:
        charge += rate(tariff=LADDER, energy_wh=each.energy_wh, days=each.days)
    return charge


@given(
    data=st.data(),
    reads=reads_strategy,
    opening_wh=st.integers(0, 1_000_000),
    tz=st.sampled_from([BERLIN, SHANGHAI]),
)
def test_any_order_and_repetition_gives_the_same(
    data: st.DataObject, reads: list[Read], opening_wh: int, tz: ZoneInfo
) -> None:
    binding = Binding(
        binding_id="b", effective_from=START, effective_to=None, opening_wh=opening_wh
    )
    again = data.draw(st.permutations(reads + data.draw(st.lists(st.sampled_from(reads)))))
    once = months_of(binding, reads, tz)
    assert months_of(binding, again, tz) == once
    assert total(months_of(binding, again, tz)) == total(once)
    highest = max(opening_wh, *(wh for _, wh in reads))
    assert sum(each.energy_wh for each in once) == highest - opening_wh


@given(
    reads=reads_strategy,
    opening_wh=st.integers(0, 1_000_000),
    tz=st.sampled_from([BERLIN, SHANGHAI]),
)
def test_every_month_alone_is_the_same_as_among_all(
    reads: list[Read], opening_wh: int, tz: ZoneInfo
) -> None:
    binding = Binding(
        binding_id="b", effective_from=START, effective_to=None, opening_wh=opening_wh
    )
    clock = MonthClock(tz)
    registers = state(reads, clock)
    used = usage(binding=binding, months=registers, clock=clock)
    assert used[-1].month == max(registers)
    for each in used:
        if each.month not in registers:
            continue
        earlier = [r.max_wh for r in registers.values() if r.month < each.month]
        alone = month_usage(
            binding=binding,
            month=each.month,
            base_wh=max(opening_wh, *earlier) if earlier else opening_wh,
            register=registers[each.month],
            closed=each is not used[-1],
            clock=clock,
        )
        assert alone == each


registers_strategy = st.builds(
    MonthRegister,
    month=st.just(BillingMonth(2026, 1)),
    max_wh=st.integers(0, 5),
    last_at=st.sampled_from([START, START + timedelta(hours=1), START + timedelta(hours=2)]),
)


@given(a=registers_strategy, b=registers_strategy, c=registers_strategy)
def test_merging_is_a_semilattice(a: MonthRegister, b: MonthRegister, c: MonthRegister) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a
