"""The tariff document: what is read, what is refused and in which words."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_texts import HEAD, LADDER_AND_TIME, version

from prewatt_metering.tariffs.book import NoTariff, TariffBook
from prewatt_metering.tariffs.document import (
    Cycle,
    InvalidTariff,
    canonical,
    document_of,
    parse_tariff,
    tariff_of,
    tariff_schema,
)
from prewatt_metering.tariffs.periods import Period, period_of

FLAT = "  - {name: energy, kind: energy, micro_per_kwh: {all: 520000}}\n"


def test_a_document_survives_the_way_out_and_in() -> None:
    tariff = parse_tariff(LADDER_AND_TIME)
    assert tariff_of(json.loads(json.dumps(document_of(tariff)))) == tariff
    assert parse_tariff(canonical(tariff)) == tariff


def test_yaml_and_json_of_one_content_are_one_version() -> None:
    tariff = parse_tariff(LADDER_AND_TIME)
    assert canonical(parse_tariff(json.dumps(document_of(tariff), indent=3))) == canonical(tariff)


def test_the_schema_takes_what_we_write() -> None:
    schema = tariff_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(document_of(parse_tariff(LADDER_AND_TIME))) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("components: [", "neither YAML nor JSON"),
        ("a: &a [*a]", "Circular reference"),
        ("- 1", "document"),
        ("", "document"),
        (HEAD, "components: Field required"),
        (HEAD + "components: []", "components"),
        (HEAD + "code: again\ncomponents:\n" + FLAT, "code stands twice"),
        (HEAD + "colour: red\ncomponents:\n" + FLAT, "colour: Extra inputs"),
        (HEAD + "components:\n" + FLAT.replace("520000", "0.52"), "integer"),
        (HEAD + "components:\n" + FLAT.replace("520000", "'520000'"), "integer"),
        (HEAD + "components:\n" + FLAT.replace("520000", "true"), "integer"),
        (HEAD + "components:\n" + FLAT.replace("all", "night"), "no slot is named night; all are"),
        (HEAD + "components:\n" + FLAT.replace("kind: energy", "kind: magic"), "magic"),
        (HEAD + "components:\n" + FLAT + FLAT, "two components are named energy"),
        (
            HEAD + "components:\n  - {name: vat, kind: levy, rate_ppm: 1, on: [energy]}\n" + FLAT,
            "vat is on energy: not named before it",
        ),
        (HEAD.replace("CNY", "cny") + "components:\n" + FLAT, "currency"),
        (HEAD.replace("Asia/Shanghai", "Asia/Atlantis") + "components:\n" + FLAT, "no time zone"),
        (HEAD.replace("2026-01-01", "2026-02-30") + "components:\n" + FLAT, "valid_from"),
        (HEAD + "components:\n  - {name: b, kind: blocks, blocks: []}", "blocks"),
        (
            HEAD
            + "components:\n  - {name: b, kind: blocks, blocks: [{upto_wh: 5, micro_per_kwh: 1}]}",
            "the last one must have no end",
        ),
        (
            HEAD
            + "components:\n  - {name: b, kind: blocks, blocks: [{upto_wh: 5, micro_per_kwh: 1},"
            " {upto_wh: 5, micro_per_kwh: 1}, {upto_wh: null, micro_per_kwh: 1}]}",
            "the ends must rise",
        ),
        (
            HEAD + "components:\n  - {name: d, kind: discount}",
            "either rate_ppm or micro_per_period",
        ),
        (
            HEAD + "components:\n  - {name: p, kind: power_factor,"
            " steps: [{from_ppm: 1, adjust_ppm: 0}]}",
            "end at 0",
        ),
        ("x" * 1_000_001, "longer than"),
    ],
)
def test_what_is_no_tariff_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InvalidTariff) as refusal:
        parse_tariff(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_tariff_or_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidTariff):
        parse_tariff(text)


def test_yaml_keeps_clock_times_and_the_key_on() -> None:
    tariff = parse_tariff(
        HEAD
        + """
time_of_use:
  slots: [{name: night, begin: 22:00, end: 08:00}, {name: day}]
components:
  - {name: energy, kind: energy, micro_per_kwh: {day: 2, night: 1}}
  - {name: vat, kind: levy, rate_ppm: 60000, on: [energy]}
"""
    )
    assert tariff.time_of_use is not None
    assert tariff.time_of_use.slots[0].begin == "22:00"
    assert tariff.components[1].model_dump()["on"] == ("energy",)


@pytest.mark.parametrize(
    ("day", "cycle", "period"),
    [
        (date(2026, 2, 28), Cycle(), "2026-02-01/2026-03-01"),
        (date(2026, 12, 31), Cycle(), "2026-12-01/2027-01-01"),
        (date(2026, 2, 28), Cycle(months=2), "2026-01-01/2026-03-01"),
        (date(2026, 1, 1), Cycle(months=2, first_month=2), "2025-12-01/2026-02-01"),
        (date(2026, 3, 31), Cycle(months=12, first_month=4), "2025-04-01/2026-04-01"),
        (date(2026, 4, 1), Cycle(months=12, first_month=4), "2026-04-01/2027-04-01"),
    ],
)
def test_a_day_lies_in_one_period(day: date, cycle: Cycle, period: str) -> None:
    found = period_of(day, cycle=cycle)
    assert str(found) == period
    assert day in found


@given(st.dates(date(1990, 1, 1), date(2080, 1, 1)), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_periods_follow_each_other_without_gap(day: date, months: int) -> None:
    cycle = Cycle.model_validate({"months": months, "first_month": 3})
    here = period_of(day, cycle=cycle)
    assert period_of(here.end, cycle=cycle).first == here.end
    assert here.months == months


def test_an_empty_period_is_no_period() -> None:
    with pytest.raises(ValueError, match="no day"):
        Period(date(2026, 1, 1), date(2026, 1, 1))


def test_a_book_gives_the_version_of_a_day_and_the_parts_of_a_period() -> None:
    old = version(FLAT, valid_from="2026-01-01")
    new = version(FLAT.replace("520000", "540000"), valid_from="2026-05-20")
    book = TariffBook([new, old])
    assert book.version_of(date(2026, 5, 19)) is old
    assert book.version_of(date(2026, 5, 20)) is new
    parts = book.parts_of(period_of(date(2026, 5, 1), cycle=book.cycle))
    assert [(part.valid_from, span.days) for part, span in parts] == [
        (date(2026, 1, 1), 19),
        (date(2026, 5, 20), 12),
    ]
    with pytest.raises(NoTariff, match="the first is from 2026-01-01"):
        book.version_of(date(2025, 12, 31))
    assert book.versions_of(date(2026, 1, 1), date(2026, 5, 20)) == [old]
    assert book.versions_of(date(2026, 5, 19), None) == [old, new]
    assert book.versions_of(date(2026, 6, 1), None) == [new]


def test_a_period_before_the_first_version_begins_with_it() -> None:
    book = TariffBook([version(FLAT, valid_from="2026-05-20")])
    (part,) = book.parts_of(Period(date(2026, 5, 1), date(2026, 6, 1)))
    assert part == (book.versions[0], Period(date(2026, 5, 20), date(2026, 6, 1)))
    with pytest.raises(NoTariff, match="no version on 2026-04-01"):
        book.parts_of(Period(date(2026, 4, 1), date(2026, 5, 20)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("currency", "USD"), ("timezone", "UTC"), ("cycle", "{months: 2}")],
)
def test_versions_of_one_tariff_agree(field: str, value: str) -> None:
    text = HEAD.replace("2026-01-01", "2026-05-20")
    for known in ("currency: CNY\n", "timezone: Asia/Shanghai\n"):
        if known.startswith(field):
            text = text.replace(known, "")
    other = parse_tariff(f"{text}{field}: {value}\ncomponents:\n{FLAT}")
    with pytest.raises(InvalidTariff, match=f"another {field}"):
        TariffBook([version(FLAT), other])


def test_published_examples_are_documents() -> None:
    folder = Path(__file__).parent.parent / "examples"
    for path in sorted(folder.glob("*/2*.yaml")):
        parse_tariff(path.read_text(encoding="utf-8"))
