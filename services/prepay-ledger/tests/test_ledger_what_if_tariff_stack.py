"""What-if with another tariff, against towns that really lived under it, on PostgreSQL."""

import asyncio
import csv
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ledger_expected import ENERGY, STANDING, VAT, document
from ledger_town import COUNT, REVIEW, Town

from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.pricing import Pricings
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

pytestmark = pytest.mark.stack

BEGIN = datetime(2026, 3, 30, tzinfo=UTC)
"""So that a month ends within the range."""
DAYS = 4
ASKED = ["--from", "2026-03-30", "--to", "2026-04-01"]
CODE = "in-cny"
MINE = [n for n in range(COUNT) if n % 2 == 0]
DEAR = [each | {"micro_per_kwh": each["micro_per_kwh"] * 2} for each in ENERGY["blocks"]]
DOUBLE = {
    "components": [
        ENERGY | {"blocks": DEAR},
        STANDING | {"micro_per_day": STANDING["micro_per_day"] * 2},
        VAT,
    ]
}
TIMES = {
    "time_of_use": {
        "slots": [
            {"name": "day", "begin": "06:20", "end": "22:00"},
            {"name": "night", "begin": "22:00", "end": "06:20"},
        ]
    },
    "components": [
        {"kind": "energy", "name": "e", "micro_per_kwh": {"day": 900_007, "night": 11}},
        ENERGY,
        STANDING,
    ],
}
ROUNDED = {
    "components": [ENERGY | {"over": "year"}, STANDING, VAT],
    "rounding": {"to_micro": 10_000},
}
OTHERS: dict[str, dict[str, Any]] = {"double": DOUBLE, "times": TIMES, "rounded": ROUNDED}
RICH = 10**9


class Lived(Town):
    """Meters are read each hour, and the supply of who is due is reviewed."""

    def __init__(self, url: str, tariff: dict[str, Any], paid_micro: list[int]) -> None:
        super().__init__(url)
        self.tariff = tariff
        self.paid_micro = paid_micro
        self.begin = self.now = BEGIN - timedelta(hours=12)

    async def live(self) -> None:
        await self.settle(self.now.date())
        await self.turn(BEGIN.date())
        await self.close_days()
        await self._read(0)
        for hour in range(1, DAYS * 24 + 1):
            # Midnight's readings come within the day that they end.
            self.now = BEGIN + timedelta(hours=hour, seconds=-1)
            await self._read(hour)
            if hour % 24 == 0:
                await self.turn((BEGIN + timedelta(hours=hour)).date())
                await self.close_days()

    def _line(self, number: int) -> ImportLine:
        """Opened the evening before, charged from the first day on."""
        line = super()._line(number)
        return replace(line, agreement=replace(line.agreement, first_day=BEGIN.date()))

    async def _read(self, hour: int) -> None:
        at_us = us_of(BEGIN + timedelta(hours=hour))
        async with self.unit() as unit:
            charged = await charge_readings(
                unit=unit,
                by_meter={f"m{n}": [Reading(at_us, hour * (100 + n))] for n in range(COUNT)},
                pricings=Pricings(await unit.tariffs.book()),
                partition=0,
                now=self.now,
            )
            if charged.due:
                await REVIEW(unit, charged.due, now=self.now, caused_at=self.now)

    async def left(self) -> dict[str, str]:
        """Balances as the last day of the range ended."""
        rows = await self.sql(
            "SELECT a.number, sum(e.amount_micro)::bigint AS micro FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id JOIN account AS a ON a.id = e.account_id "
            "WHERE e.sub_account = 'credit' AND j.day <= '2026-04-01' GROUP BY 1"
        )
        return {row["number"]: str(row["micro"]) for row in rows}

    async def cut(self) -> set[str]:
        """Who was cut in the range."""
        rows = await self.sql(
            "SELECT DISTINCT a.number FROM decision AS d JOIN account AS a ON a.id = d.account_id "
            "WHERE d.state = 'disconnecting' AND d.at < '2026-04-02'"
        )
        return {row["number"] for row in rows}


@dataclass
class Said:
    code: int
    report: Any
    error: str
    rows: dict[tuple[str, str], dict[str, str]]

    def of(self, side: str) -> dict[str, dict[str, str]]:
        """By account, without the side's name."""
        return {
            account: {name: value for name, value in row.items() if name != "side"}
            for (account, name_of), row in self.rows.items()
            if name_of == side
        }


async def what_if(town: Town, folder: Path, tariff: Any, *more: str) -> Said:
    path, rows_at = folder / "tariff.yaml", folder / "rows.csv"
    path.write_text(tariff if isinstance(tariff, str) else yaml.safe_dump(tariff))
    asked = ["--tariff", str(path)] if tariff is not None else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prepay_ledger", "what-if", *asked, *ASKED, *more,
        "--timezone", "UTC", "--database-url", town.url, "--csv", str(rows_at),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode is not None
    rows = {}
    if out:
        with rows_at.open() as file:
            rows = {(row["account"], row["side"]): row for row in csv.DictReader(file)}
    return Said(process.returncode, json.loads(out) if out else None, error.decode(), rows)


def of_town(**more: Any) -> dict[str, Any]:
    """The town's document."""
    return document(CODE, timezone="UTC") | more


@pytest.fixture
async def town(own_database_url: str):
    made = Lived(own_database_url, {}, [RICH] * COUNT)
    await made.live()
    yield made
    await made.database.close()


@pytest.mark.parametrize("other", OTHERS)
async def test_balances_are_those_of_a_town_that_lived_under_the_other_tariff(
    town: Lived, another_database_url: str, tmp_path: Path, other: str
) -> None:
    there = Lived(another_database_url, OTHERS[other], [RICH] * COUNT)
    try:
        await there.live()
        expected = await there.left()
    finally:
        await there.database.close()
    said = await what_if(town, tmp_path, of_town(**OTHERS[other]))
    assert (said.code, said.error) == (0, "")
    left = {number: row["closing_micro"] for number, row in said.of("as_it_would_be").items()}
    mine = {f"town-{n}" for n in MINE}
    assert {each: left[each] for each in mine} == {each: expected[each] for each in mine}
    assert {each: left[each] for each in mine} != {
        each: row["closing_micro"] for each, row in said.of("as_it_was").items() if each in mine
    }
    # Who has another tariff is as it was.
    for number, row in said.of("as_it_was").items():
        if number not in mine:
            assert said.of("as_it_would_be")[number] == row
    assert said.report["at_other_tariff"] == len(MINE)
    assert said.report["tariff"] == {"title": "", "code": CODE}


async def test_back_from_times_of_use_to_none(
    own_database_url: str, another_database_url: str, tmp_path: Path
) -> None:
    here = Lived(own_database_url, TIMES, [RICH] * COUNT)
    there = Lived(another_database_url, {}, [RICH] * COUNT)
    try:
        for each in (here, there):
            await each.live()
        said = await what_if(here, tmp_path, of_town())
        expected = await there.left()
    finally:
        for each in (here, there):
            await each.database.close()
    left = said.of("as_it_would_be")
    assert all(left[f"town-{n}"]["closing_micro"] == expected[f"town-{n}"] for n in MINE)


async def test_the_same_document_changes_nothing(town: Lived, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("{}")
    without = await what_if(town, tmp_path, None, "--policy", str(policy))
    for same in (of_town(), of_town(title="Another title", valid_from="2027-01-01")):
        said = await what_if(town, tmp_path, same, "--policy", str(policy))
        assert said.code == 0, said.error
        assert said.rows == without.rows
        assert said.report["currencies"] == without.report["currencies"]
        alone = await what_if(town, tmp_path, same)
        assert alone.of("as_it_would_be") == alone.of("as_it_was") == said.of("as_it_was")


async def test_twice_the_price_cuts_exactly_who_is_cut_under_it(
    own_database_url: str, another_database_url: str, tmp_path: Path
) -> None:
    # Some can pay twice the price for the days asked about, some cannot.
    paid = [5_000_000 + n * 1_000_000 for n in range(COUNT)]
    here, there = Lived(own_database_url, {}, paid), Lived(another_database_url, DOUBLE, paid)
    try:
        for each in (here, there):
            await each.live()
        assert await here.cut() == set()
        expected = await there.cut()
        said = await what_if(here, tmp_path, of_town(**DOUBLE))
    finally:
        for each in (here, there):
            await each.database.close()
    mine = {f"town-{n}" for n in MINE}
    would_be = {number for number, row in said.of("as_it_would_be").items() if row["cuts"] != "0"}
    assert would_be == expected & mine
    assert 0 < len(would_be) < len(mine)


@pytest.mark.parametrize(
    ("tariff", "said"),
    [
        ("{", "tariff.yaml: "),
        ("code: x", "tariff.yaml: "),
        (of_town(code="nobody"), "there is no tariff nobody"),
        (of_town(currency="EUR"), "currency of tariff in-cny is CNY, and here EUR"),
        (of_town(cycle={"months": 2}), "cycle of tariff in-cny is"),
        (None, "give --policy, --tariff or both"),
    ],
)
async def test_a_bad_document_is_said_in_one_line(town: Lived, tmp_path, tariff, said) -> None:
    found = await what_if(town, tmp_path, tariff)
    assert (found.code, found.report) == (2, None)
    assert said in found.error
    assert len(found.error.splitlines()) == 1


async def test_who_cannot_be_charged_by_it_is_left_out_and_named(
    town: Lived, tmp_path: Path
) -> None:
    """It asks for a capacity, and nobody has agreed on one."""
    capacity = {"kind": "capacity", "name": "kva", "micro_per_kva_month": 1_000_000}
    said = await what_if(town, tmp_path, of_town(components=[ENERGY, capacity]))
    assert said.code == 0, said.error
    ((why, numbers),) = said.report["left_out"].items()
    assert "capacity" in why
    assert sorted(numbers) == [f"town-{n}" for n in MINE]
    assert [each["currency"] for each in said.report["currencies"]] == ["EUR"]
    assert {number for number, _ in said.rows} == {f"town-{n}" for n in range(1, COUNT, 2)}
