"""From use to a charge: billing's own against the library that the ledger charges with."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rerating_cases import SLOTS, agreement

from billing.rerating.charge import charge, spans_of
from billing.rerating.lines import Unrated
from prewatt_metering.rating import charge as library
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.rating.part import Unrated as LibraryUnrated
from prewatt_metering.tariffs.book import NoTariff, TariffBook
from prewatt_metering.tariffs.document import TariffVersion, parse_tariff, tariff_of
from prewatt_metering.tariffs.periods import Period, period_of

DAY = timedelta(days=1)
NOTES = {"losses", "allowance"}
"""Lines of the library's that are no money."""
_price = st.integers(-(10**6), 10**7)
_amount = st.integers(0, 10**8)
_wh = st.integers(1, 10**6)
_ppm = st.integers(0, 10**6)


@st.composite
def _blocks(draw: st.DrawFn) -> list[dict[str, Any]]:
    ends = sorted(draw(st.sets(_wh, max_size=3)))
    return [{"upto_wh": end, "micro_per_kwh": draw(_price)} for end in [*ends, None]]


@st.composite
def _component(draw: st.DrawFn, name: str, names: list[str], before: list[str]) -> dict[str, Any]:
    """Any kind but those that billing has no facts for."""
    on = draw(st.one_of(st.none(), st.sets(st.sampled_from(before), min_size=1).map(sorted))) \
        if before else None  # fmt: skip
    of = draw(st.one_of(st.none(), st.sets(st.sampled_from(names), min_size=1).map(sorted)))
    tables = [
        {"total_upto_wh": end, "blocks": draw(_blocks())}
        for end in [*sorted(draw(st.sets(_wh, min_size=1, max_size=2))), None]
    ]
    months = {f"2026-{month:02}": draw(_price) for month in range(1, 13)} | {"2025-12": 5}
    discount = draw(st.sampled_from([{"rate_ppm": 105_000}, {"micro_per_period": 1_234_567}]))
    kinds: list[dict[str, Any]] = [
        {"kind": "energy", "micro_per_kwh": {each: draw(_price) for each in of or names}},
        {"kind": "blocks", "blocks": draw(_blocks()), "over": "period", "of": of},
        {"kind": "blocks", "blocks": draw(_blocks()), "over": "year", "of": of},
        {"kind": "tables", "tables": tables},
        {"kind": "standing", "micro_per_day": draw(_amount)},
        {"kind": "fixed", "micro_per_period": draw(_amount)},
        {"kind": "capacity", "micro_per_kva_month": draw(_amount),
         "day_is": draw(st.sampled_from(["calendar", "thirtieth"]))},
        {"kind": "purchased", "micro_per_kwh": months},
        {"kind": "minimum", "micro_per_period": draw(_amount), "on": on},
        {"kind": "levy", "rate_ppm": draw(_ppm), "on": on},
        {"kind": "energy_levy", "micro_per_kwh": draw(_amount)},
        {"kind": "discount", "on": on, "total_upto_wh": draw(st.none() | _wh), **discount},
    ]  # fmt: skip
    return {"name": name, **draw(st.sampled_from(kinds))}


@st.composite
def _version(draw: st.DrawFn, valid_from: date, cycle: dict[str, int]) -> TariffVersion:
    slots = draw(st.sampled_from([None, *SLOTS]))
    names = ["all"] if slots is None else [each["name"] for each in slots]
    components: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        before = [each["name"] for each in components]
        components.append(draw(_component(f"c{number}", names, before)))
    return tariff_of(
        {
            "code": "home",
            "valid_from": valid_from.isoformat(),
            "currency": "CNY",
            "timezone": "Asia/Shanghai",
            "cycle": cycle,
            "prorate": draw(st.booleans()),
            "time_of_use": None if slots is None else {"slots": slots},
            "losses": draw(st.sampled_from(
                [None, None, {"fixed_wh_per_day": 777}, {"share_ppm": 12_345}]
            )),
            "allowance": draw(st.sampled_from([
                None, None, {"wh_per_period": 50_001},
                {"wh_per_period": 9_999, "total_upto_wh": 300_000},
            ])),
            "rounding": draw(st.sampled_from([
                None, *({"to_micro": 1_000, "mode": each} for each in ("half_up", "up", "down"))
            ])),
            "components": components,
        }
    )  # fmt: skip


@st.composite
def books(draw: st.DrawFn) -> TariffBook:
    """One to three versions, of cycles that pass the year's end too."""
    cycle = draw(st.sampled_from([
        {"months": 1, "first_month": 1}, {"months": 2, "first_month": 12},
        {"months": 3, "first_month": 12}, {"months": 12, "first_month": 7},
    ]))  # fmt: skip
    later = st.dates(date(2025, 12, 1), date(2026, 3, 31))
    days = {date(2025, 1, 1) if draw(st.booleans()) else draw(later)}
    days |= draw(st.sets(later, max_size=2))
    return TariffBook([draw(_version(day, cycle)) for day in sorted(days)])


def librarys(
    book: TariffBook,
    period: Period,
    use_wh: dict[tuple[date, str], int],
    served: Period | None,
    *,
    capacity_va: int | None = None,
    year_before_wh: dict[str, int] | None = None,
    closed: bool = False,
) -> list[tuple[str, str, int]]:
    result = library.charge(
        period=period,
        parts=library.parts_of_use(book=book, period=period, use_wh=use_wh, served=served),
        year_before_wh=year_before_wh,
        enterprise=Enterprise(capacity_va=capacity_va),
        closed=closed,
    )
    return [
        (line.component, line.detail if line.kind != "capacity" else "", line.amount_micro)
        for line in result.lines
        if line.kind not in NOTES and line.amount_micro
    ]


def own(
    book: TariffBook,
    period: Period,
    use_wh: dict[tuple[date, str], int],
    served: Period | None,
    *,
    capacity_va: int | None = None,
    year_before_wh: dict[str, int] | None = None,
    closed: bool = False,
) -> list[tuple[str, str, int]]:
    result = charge(
        period=period,
        spans=spans_of(book=book, period=period, use_wh=use_wh),
        served=served,
        agreement=agreement(period.first, capacity_va=capacity_va),
        year_before_wh=year_before_wh or {},
        closed=closed,
    )
    return [
        (line.component, line.detail, line.amount_micro)
        for line in result.lines
        if line.amount_micro
    ]


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data(), book=books())
def test_a_charge_is_the_librarys(data: st.DataObject, book: TariffBook) -> None:
    """Line by line: energy and days in any part of a period, open or over."""
    period = period_of(
        data.draw(st.sampled_from([date(2026, 1, 5), date(2026, 2, 28), date(2026, 3, 3)])),
        cycle=book.cycle,
    )
    days = [period.first + n * DAY for n in range(period.days)]
    use_wh: dict[tuple[date, str], int] = {}
    for day in data.draw(st.sets(st.sampled_from(days), max_size=6)):
        try:
            names = book.version_of(day).slot_names
        except NoTariff:
            names = ("all",)
        for name in names:
            use_wh[day, name] = data.draw(st.integers(0, 200_000))
    first, count = data.draw(st.sampled_from(days)), data.draw(st.integers(0, period.days))
    end = min(first + count * DAY, period.end)
    served = data.draw(st.sampled_from([None, period, Period(first, end) if first < end else None]))
    before = data.draw(st.dictionaries(st.sampled_from(["all", "day", "a"]), _wh, max_size=2))
    more: dict[str, Any] = {
        "capacity_va": data.draw(st.sampled_from([None, 0, 315_000])),
        "year_before_wh": before,
        "closed": data.draw(st.booleans()),
    }
    try:
        expected = librarys(book, period, use_wh, served, **more)
    except (LibraryUnrated, NoTariff) as error:
        with pytest.raises(Unrated if isinstance(error, LibraryUnrated) else NoTariff):
            own(book, period, use_wh, served, **more)
    else:
        assert own(book, period, use_wh, served, **more) == expected


EXAMPLES = Path(__file__).parents[3] / "libs" / "metering" / "examples"


def _bills() -> list[tuple[str, dict[str, Any]]]:
    """Of published tariffs; without those that need what is not in billing's facts."""
    return [
        (path.parent.name, bill)
        for path in sorted(EXAMPLES.glob("*/bills.yaml"))
        for bill in yaml.safe_load(path.read_text(encoding="utf-8"))
        if "enterprise" not in bill
    ]


@pytest.mark.parametrize(("folder", "bill"), _bills())
def test_published_bills(folder: str, bill: dict[str, Any]) -> None:
    book = TariffBook(
        parse_tariff(path.read_text(encoding="utf-8"))
        for path in (EXAMPLES / folder).glob("2*.yaml")
    )
    period = period_of(date.fromisoformat(f"{bill['month']}-01"), cycle=book.cycle)
    use_wh = {
        (period.end - DAY, name): int(1_000 * kwh) for name, kwh in bill.get("kwh", {}).items()
    } | {(each["day"], each["name"]): int(1_000 * each["kwh"]) for each in bill.get("use", ())}
    before = {name: int(1_000 * kwh) for name, kwh in bill.get("year_before_kwh", {}).items()}
    more: dict[str, Any] = {"year_before_wh": before, "closed": True}
    found = own(book, period, use_wh, period, **more)
    assert found == librarys(book, period, use_wh, period, **more)
    if "total_micro" in bill and "less_month" not in bill:
        total = sum(amount for *_, amount in found)
        assert abs(total - bill["total_micro"]) <= bill.get("within_micro", 0)


def of_component(**component: Any) -> TariffBook:
    """A tariff of one component, x."""
    tariff = {
        "code": "home", "valid_from": "2026-01-01", "currency": "CNY",
        "timezone": "Asia/Shanghai", "components": [{"name": "x", **component}],
    }  # fmt: skip
    return TariffBook([tariff_of(tariff)])


@pytest.mark.parametrize(("days", "thirtieths"), [(0, 0), (1, 1), (27, 27), (28, 30)])
def test_a_short_month_is_a_whole_month_in_thirtieths(days: int, thirtieths: int) -> None:
    book = of_component(kind="capacity", micro_per_kva_month=30, day_is="thirtieth")
    first = date(2026, 2, 1)
    served = Period(first, first + days * DAY) if days else None
    found = own(
        book, Period(first, date(2026, 3, 1)), {(first, "all"): 5}, served, capacity_va=1_000
    )
    assert sum(amount for *_, amount in found) == thirtieths


@pytest.mark.parametrize(
    "component",
    [
        {"kind": "demand", "micro_per_kw_month": 1},
        {"kind": "power_factor", "steps": [{"from_ppm": 0, "adjust_ppm": 1}]},
        {"kind": "capacity", "micro_per_kva_month": 1},
        {"kind": "purchased", "micro_per_kwh": {"2026-04": 1}},
    ],
)
def test_what_is_not_known_is_not_guessed(component: dict[str, Any]) -> None:
    """And is asked for only where something was used or served."""
    book, may = of_component(**component), Period(date(2026, 5, 1), date(2026, 6, 1))
    assert own(book, may, {}, None) == []
    with pytest.raises(Unrated, match="x needs"):
        own(book, may, {(may.first, "all"): 5}, may)
