"""Rating: a table of cases a component, then what holds for every tariff."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_texts import LADDER_AND_TIME, version

from prewatt_metering.rating.charge import Charge, PartUse, charge, parts_of_use
from prewatt_metering.rating.lines import half_up, shared_out
from prewatt_metering.rating.part import Enterprise, Unrated
from prewatt_metering.rating.shares import power_factor_ppm
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, parse_tariff
from prewatt_metering.tariffs.periods import Period

MAY = Period(date(2026, 5, 1), date(2026, 6, 1))
FEBRUARY = Period(date(2026, 2, 1), date(2026, 3, 1))
KWH = 1_000
UNIT = 1_000_000
HOUSEHOLD = parse_tariff(LADDER_AND_TIME)
FLAT = "  - {name: energy, kind: energy, micro_per_kwh: {all: 1000000}}\n"


def rated(
    tariff: TariffVersion,
    kwh: int = 0,
    *,
    period: Period = MAY,
    days: int | None = None,
    enterprise: Enterprise | None = None,
    closed: bool = False,
    year_before_kwh: int = 0,
) -> Charge:
    part = PartUse(
        version=tariff,
        span=period,
        energy_wh={"all": kwh * KWH},
        days=period.days if days is None else days,
    )
    return charge(
        period=period,
        parts=[part],
        enterprise=enterprise or Enterprise(),
        closed=closed,
        year_before_wh={"all": year_before_kwh * KWH},
    )


def amounts(result: Charge) -> list[tuple[str, str, int]]:
    return [(line.component, line.detail, line.amount_micro) for line in result.lines]


BLOCKS = """
  - name: steps
    kind: blocks
    blocks:
      - {upto_wh: 100000, micro_per_kwh: 1000000}
      - {upto_wh: 300000, micro_per_kwh: 2000000}
      - {upto_wh: null, micro_per_kwh: 3000000}
"""


@pytest.mark.parametrize(
    ("kwh", "lines"),
    [
        (0, []),
        (100, [("steps", "100000", 100 * UNIT)]),
        (101, [("steps", "100000", 100 * UNIT), ("steps", "300000", 2 * UNIT)]),
        (
            301,
            [
                ("steps", "100000", 100 * UNIT),
                ("steps", "300000", 400 * UNIT),
                ("steps", "", 3 * UNIT),
            ],
        ),
    ],
)
def test_blocks_fill_up_to_and_with_their_end(kwh: int, lines: list[tuple[str, str, int]]) -> None:
    assert amounts(rated(version(BLOCKS), kwh)) == lines


def test_annual_blocks_go_on_from_the_year_before_the_period() -> None:
    tariff = version(BLOCKS.replace("kind: blocks", "kind: blocks\n    over: year"))
    assert amounts(rated(tariff, 10, year_before_kwh=95)) == [
        ("steps", "100000", 5 * UNIT),
        ("steps", "300000", 10 * UNIT),
    ]


@pytest.mark.parametrize(
    ("valid_from", "use", "totals"),
    [
        ("2025-01-01", {date(2025, 12, 31): 50, date(2026, 1, 1): 50}, [100, 50]),
        # What the year before has used is nothing to a tariff that begins after it.
        ("2026-01-01", {date(2026, 1, 1): 50}, [50]),
    ],
)
def test_annual_blocks_begin_anew_where_a_period_passes_the_year(
    valid_from: str, use: dict[date, int], totals: list[int]
) -> None:
    tariff = version(
        BLOCKS.replace("kind: blocks", "kind: blocks\n    over: year"),
        cycle="{months: 2, first_month: 12}",
        valid_from=valid_from,
    )
    period = Period(date(2025, 12, 1), date(2026, 2, 1))
    parts = parts_of_use(
        book=TariffBook([tariff]),
        period=period,
        use_wh={(day, "all"): kwh * KWH for day, kwh in use.items()},
        served=None,
    )
    result = charge(period=period, parts=parts, year_before_wh={"all": 100 * KWH})
    assert [part.total_micro for part in result.parts] == [each * UNIT for each in totals]


def test_annual_blocks_are_whole_in_a_version_that_prorates() -> None:
    """The days of a period say nothing about a year's blocks: 95 of 100 kWh are used already."""
    annual = BLOCKS.replace("kind: blocks", "kind: blocks\n    over: year")
    book = TariffBook([version(annual), version(annual, valid_from="2026-05-17", prorate="true")])
    parts = parts_of_use(
        book=book, period=MAY, use_wh={(date(2026, 5, 20), "all"): 10 * KWH}, served=None
    )
    result = charge(period=MAY, parts=parts, year_before_wh={"all": 95 * KWH})
    assert amounts(result) == [("steps", "100000", 5 * UNIT), ("steps", "300000", 10 * UNIT)]


def test_a_version_with_annual_blocks_goes_on_from_the_year_of_one_without() -> None:
    """A period from December on: January's energy under the old version is the new year's."""
    cycle = {"cycle": "{months: 2, first_month: 12}"}
    annual = BLOCKS.replace("kind: blocks", "kind: blocks\n    over: year")
    book = TariffBook(
        [
            version(FLAT, valid_from="2025-01-01", **cycle),
            version(annual, valid_from="2026-01-16", **cycle),
        ]
    )
    period = Period(date(2025, 12, 1), date(2026, 2, 1))
    use_wh = {
        (date(2025, 12, 31), "all"): 70 * KWH,
        (date(2026, 1, 1), "all"): 95 * KWH,
        (date(2026, 1, 16), "all"): 10 * KWH,
    }
    parts = parts_of_use(book=book, period=period, use_wh=use_wh, served=None)
    result = charge(period=period, parts=parts, year_before_wh={"all": 900 * KWH})
    assert amounts(result)[-2:] == [("steps", "100000", 5 * UNIT), ("steps", "300000", 10 * UNIT)]


TABLES = """
  - name: domestic
    kind: tables
    tables:
      - total_upto_wh: 500000
        blocks:
          - {upto_wh: 100000, micro_per_kwh: 0}
          - {upto_wh: null, micro_per_kwh: 4000000}
      - total_upto_wh: null
        blocks:
          - {upto_wh: null, micro_per_kwh: 6000000}
"""


@pytest.mark.parametrize(("kwh", "total"), [(100, 0), (500, 1600), (501, 3006)])
def test_the_total_chooses_the_table(kwh: int, total: int) -> None:
    assert rated(version(TABLES), kwh).total_micro == total * UNIT


@pytest.mark.parametrize(
    ("component", "days", "amount"),
    [
        ("{name: s, kind: standing, micro_per_day: 100000}", 31, 3_100_000),
        ("{name: s, kind: standing, micro_per_day: 100000}", 1, 100_000),
        ("{name: s, kind: fixed, micro_per_period: 1000000}", 31, 1_000_000),
        ("{name: s, kind: fixed, micro_per_period: 1000000}", 1, 32_258),
        ("{name: s, kind: capacity, micro_per_kva_month: 25000000}", 31, 7_875_000_000),
        ("{name: s, kind: capacity, micro_per_kva_month: 25000000}", 10, 2_540_322_581),
        (
            "{name: s, kind: capacity, micro_per_kva_month: 25000000, day_is: thirtieth}",
            10,
            2_625_000_000,
        ),
        (
            "{name: s, kind: capacity, micro_per_kva_month: 25000000, day_is: thirtieth}",
            31,
            7_875_000_000,
        ),
    ],
)
def test_time_falls_due_by_the_day(component: str, days: int, amount: int) -> None:
    result = rated(
        version(f"  - {component}\n"), days=days, enterprise=Enterprise(capacity_va=315_000)
    )
    assert result.total_micro == amount


@pytest.mark.parametrize("days", [0])
def test_nothing_served_owes_nothing(days: int) -> None:
    components = (
        "  - {name: s, kind: standing, micro_per_day: 100000}\n"
        "  - {name: f, kind: fixed, micro_per_period: 1000000}\n"
        "  - {name: c, kind: capacity, micro_per_kva_month: 25000000}\n"
    )
    result = rated(version(components), days=days, enterprise=Enterprise(capacity_va=1_000))
    assert result.total_micro == 0


def test_a_short_month_is_a_whole_month_in_thirtieths() -> None:
    tariff = version(
        "  - {name: c, kind: capacity, micro_per_kva_month: 30000000, day_is: thirtieth}\n"
    )
    firm = Enterprise(capacity_va=1_000)
    assert rated(tariff, period=FEBRUARY, days=27, enterprise=firm).total_micro == 27 * UNIT
    assert rated(tariff, period=FEBRUARY, days=28, enterprise=firm).total_micro == 30 * UNIT


@pytest.mark.parametrize(
    ("measured_kw", "terms", "charged"),
    [
        (80, "", 80),
        (80, ", least_share_ppm: 400000", 80),
        (30, ", least_share_ppm: 400000", 40),
        (110, ", tolerance_ppm: 50000, excess_ppm: 2000000", 115),
        (105, ", tolerance_ppm: 50000, excess_ppm: 2000000", 105),
        (110, "", 110),
    ],
)
def test_demand(measured_kw: int, terms: str, charged: int) -> None:
    tariff = version(f"  - {{name: d, kind: demand, micro_per_kw_month: 1000000{terms}}}\n")
    firm = Enterprise(demand_w=measured_kw * KWH, contracted_w=100 * KWH)
    assert rated(tariff, enterprise=firm).total_micro == charged * UNIT


@pytest.mark.parametrize(
    "component",
    [
        "{name: x, kind: capacity, micro_per_kva_month: 1}",
        "{name: x, kind: demand, micro_per_kw_month: 1}",
        "{name: x, kind: power_factor, steps: [{from_ppm: 0, adjust_ppm: 1}]}",
        '{name: x, kind: purchased, micro_per_kwh: {"2026-04": 1}}',
    ],
)
def test_what_is_not_known_is_not_guessed(component: str) -> None:
    with pytest.raises(Unrated, match="x "):
        rated(version(f"  - {component}\n"), 1)


STEPS = (
    "steps: [{from_ppm: 900000, adjust_ppm: -7500}, {from_ppm: 850000, adjust_ppm: 0},"
    " {from_ppm: 0, adjust_ppm: 50000}]"
)


@pytest.mark.parametrize(
    ("kwh", "kvarh", "adjusted"),
    [(100, 0, -750_000), (100, 48, -750_000), (100, 60, 0), (100, 100, 5_000_000)],
)
def test_power_factor(kwh: int, kvarh: int, adjusted: int) -> None:
    tariff = version(f"{FLAT}  - {{name: pf, kind: power_factor, {STEPS}}}\n")
    result = rated(tariff, kwh, enterprise=Enterprise(reactive_varh=kvarh * KWH))
    assert result.total_micro == kwh * UNIT + adjusted


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_power_factor_is_within_0_and_1(active: int, reactive: int) -> None:
    assert 0 <= power_factor_ppm(active_wh=active, reactive_varh=reactive) <= 1_000_000


@pytest.mark.parametrize(
    ("more", "kwh", "total"),
    [
        ("{name: vat, kind: levy, rate_ppm: 60000}", 100, 106_000_000),
        ("{name: fund, kind: energy_levy, micro_per_kwh: 19000}", 100, 101_900_000),
        ("{name: least, kind: minimum, micro_per_period: 150000000}", 100, 150_000_000),
        ("{name: least, kind: minimum, micro_per_period: 50000000}", 100, 100_000_000),
        ("{name: off, kind: discount, rate_ppm: 100000}", 100, 90_000_000),
        ("{name: off, kind: discount, micro_per_period: 30000000}", 100, 70_000_000),
        ("{name: off, kind: discount, micro_per_period: 300000000}", 100, 0),
        ("{name: off, kind: discount, rate_ppm: 100000, total_upto_wh: 99999}", 100, 100_000_000),
    ],
)
def test_shares_of_other_lines(more: str, kwh: int, total: int) -> None:
    assert rated(version(f"{FLAT}  - {more}\n"), kwh).total_micro == total


@pytest.mark.parametrize(
    ("terms", "days", "amount"),
    [
        ("rate_ppm: 500000", 31, -1),  # of 3 micro-units: -1.5
        ("rate_ppm: 500001", 31, -2),
        ("micro_per_period: 31", 15, -3),  # 15 of them, and no more than there is
        ("micro_per_period: 3", 1, None),  # 3 / 31
        ("micro_per_period: 31", 1, -1),
    ],
)
def test_a_discount_is_rounded_as_what_it_is_below_0(
    terms: str, days: int, amount: int | None
) -> None:
    """Halves go towards plus infinity, so half a micro-unit is not given."""
    tariff = version(
        "  - {name: energy, kind: energy, micro_per_kwh: {all: 3}}\n"
        f"  - {{name: off, kind: discount, {terms}}}\n"
    )
    found = {name: micro for name, _, micro in amounts(rated(tariff, 1, days=days))}
    assert found.get("off") == amount


def test_levies_are_taken_in_order_and_on_chosen_lines() -> None:
    tariff = version(
        FLAT
        + "  - {name: meter, kind: standing, micro_per_day: 1000000}\n"
        + "  - {name: nhil, kind: levy, rate_ppm: 25000, on: [energy]}\n"
        + "  - {name: vat, kind: levy, rate_ppm: 150000, on: [energy, nhil]}\n"
    )
    assert amounts(rated(tariff, 100)) == [
        ("energy", "all", 100_000_000),
        ("meter", "", 31_000_000),
        ("nhil", "", 2_500_000),
        ("vat", "", 15_375_000),
    ]


def test_a_subsidy_names_who_pays() -> None:
    tariff = version(
        f"{FLAT}  - {{name: aid, kind: discount, rate_ppm: 500000, paid_by: the state}}\n"
    )
    line = rated(tariff, 10).lines[-1]
    assert (line.amount_micro, line.paid_by) == (-5_000_000, "the state")


@pytest.mark.parametrize(("kwh", "total"), [(40, 0), (50, 0), (60, 10), (150, 100), (151, 151)])
def test_a_free_allowance_is_taken_off_first(kwh: int, total: int) -> None:
    tariff = version(FLAT, allowance="{wh_per_period: 50000, total_upto_wh: 150000}")
    assert rated(tariff, kwh).total_micro == total * UNIT


def test_losses_are_energy_too() -> None:
    tariff = version(FLAT, losses="{fixed_wh_per_day: 1000, share_ppm: 20000}")
    result = rated(tariff, 100)
    assert result.total_micro == (100 + 31 + 2) * UNIT
    assert rated(tariff, 0).total_micro == 31 * UNIT


def test_a_month_has_its_own_purchased_price() -> None:
    tariff = version(
        "  - {name: bought, kind: purchased, micro_per_kwh:"
        ' {"2026-05": 400000, "2026-06": 500000}}\n',
        cycle="{months: 2, first_month: 5}",
    )
    period = Period(date(2026, 5, 1), date(2026, 7, 1))
    parts = parts_of_use(
        book=TariffBook([tariff]),
        period=period,
        use_wh={(date(2026, 5, 31), "all"): 10 * KWH, (date(2026, 6, 1), "all"): 10 * KWH},
        served=None,
    )
    assert amounts(charge(period=period, parts=parts)) == [
        ("bought", "2026-05", 4 * UNIT),
        ("bought", "2026-06", 5 * UNIT),
    ]


def test_a_part_without_use_and_days_asks_for_nothing() -> None:
    """A version from the 20th on needs a capacity that nobody knows yet, on the 3rd."""
    now = version("  - {name: day, kind: standing, micro_per_day: 1000000}\n")
    later = version(
        "  - {name: kva, kind: capacity, micro_per_kva_month: 1}\n", valid_from="2026-05-20"
    )
    period = Period(date(2026, 5, 1), date(2026, 6, 1))

    def upto(day: int) -> list[PartUse]:
        return parts_of_use(
            book=TariffBook([now, later]),
            period=period,
            use_wh={},
            served=Period(period.first, date(2026, 5, day)),
        )

    assert amounts(charge(period=period, parts=upto(20))) == [("day", "", 19 * UNIT)]
    with pytest.raises(Unrated, match="capacity_va"):
        charge(period=period, parts=upto(21))


@pytest.mark.parametrize(
    ("mode", "total"), [("half_up", 101_000_000), ("up", 101_000_000), ("down", 100_000_000)]
)
def test_a_closed_period_is_rounded_by_the_tariffs_rule(mode: str, total: int) -> None:
    tariff = version(
        FLAT + "  - {name: s, kind: fixed, micro_per_period: 500000}\n",
        rounding=f"{{to_micro: 1000000, mode: {mode}}}",
    )
    assert rated(tariff, 100, closed=True).total_micro == total
    assert rated(tariff, 100).total_micro == 100_500_000


@given(
    st.dictionaries(
        st.tuples(
            st.dates(date(2026, 5, 1), date(2026, 5, 31)), st.sampled_from(["peak", "valley"])
        ),
        st.integers(0, 10**6),
    ),
    st.randoms(),
)
def test_the_charge_does_not_depend_on_order(
    use: dict[tuple[date, str], int], rng: random.Random
) -> None:
    book = TariffBook([HOUSEHOLD])
    keys = list(use)
    rng.shuffle(keys)
    results = [
        charge(period=MAY, parts=parts_of_use(book=book, period=MAY, use_wh=each, served=MAY))
        for each in (use, {key: use[key] for key in keys})
    ]
    assert results[0] == results[1]


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_more_energy_never_costs_less(wh: int, more: int) -> None:
    def total(energy: int) -> int:
        part = PartUse(version=HOUSEHOLD, span=MAY, energy_wh={"peak": energy}, days=3)
        return charge(period=MAY, parts=[part]).total_micro

    assert total(wh) <= total(wh + more)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_half_up_is_within_half_a_unit(numerator: int, denominator: int) -> None:
    assert (
        -denominator
        < 2 * (half_up(numerator, denominator) * denominator - numerator)
        <= denominator
    )


@given(
    st.integers(0, 10**9),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**6), min_size=1),
)
def test_shares_sum_to_the_whole(total: int, weights: dict[str, int]) -> None:
    shares = shared_out(total, weights)
    assert sum(shares.values()) == total
    assert min(shares.values()) >= 0
