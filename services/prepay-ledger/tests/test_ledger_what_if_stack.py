"""What-if over a small history that the ledger's own use cases made on PostgreSQL."""

import asyncio
import csv
import json
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_devices import Household
from ledger_scratch import Scratch
from ledger_world import BEGIN, World
from typer.testing import CliRunner

from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prewatt_cli.__main__ import app

pytestmark = pytest.mark.stack

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 4)
HOUR = timedelta(hours=1)
NIGHTS = """
calendars: {night: {friendly_hours: [{begin: "22:00", end: "07:00"}]}}
default: {calendar: night, commands: {attempts_max: 5}}
"""


class Told(World):
    """A world in which it is the posting day that its clock says."""

    async def charge(self, household: Household, micro: int) -> None:
        """Of half an hour before and after."""
        household.balance_micro -= micro
        async with self.scratch.unit() as unit:
            entry = Entry(household.id, -micro, energy_wh=100 * micro)
            journal = Journal(
                kind="charge",
                source="test",
                currency="CNY",
                entries=(entry,),
                postings={UtilityAccount.REVENUE_ENERGY: micro},
            )
            _, balances = await unit.journals.post(journal, at=self.now)
            due = [each.account_id for each in balances if each.is_due]
            if due:
                await self.review(unit, due, now=self.now, caused_at=self.now)
        await self._carry()

    async def obey(self) -> None:
        """The network loses nothing."""
        for device in self.devices:
            await self.deliver(device)

    async def live(self, end: datetime, payments: dict[datetime, int]) -> None:
        """The first household uses 4 an hour while it has supply, the second 1 throughout; the
        first pays."""
        spender, saver = self.households
        device = self.devices[0]
        while self.now < end:
            await self.scratch.open(self.now.date())
            hour = self.now
            for at in sorted(each for each in payments if hour <= each < hour + HOUR):
                await self.pass_time((at - self.now).total_seconds())
                await self.pay(spender, payments[at])
                await self.obey()
            await self.pass_time((hour + HOUR / 2 - self.now).total_seconds())
            await self.obey()
            if not device.is_open:
                await self.charge(spender, 4)
            await self.charge(saver, 1)
            await self.obey()
            await self.pass_time((hour + HOUR - self.now).total_seconds())
            await self.obey()


@pytest.fixture(scope="module")
async def world(module_database_url: str) -> AsyncGenerator[Told]:
    """Used up at 12:30 of the 2nd and cut, paid on the 3rd at 09:20; used up at 23:30, held over
    the night, cut on the 4th at 07:00, paid at 18:05."""
    scratch = Scratch(module_database_url)
    await scratch.open(BEGIN.date())
    made = Told(scratch)
    await made.begin()
    made.now = BEGIN
    payments = {
        datetime(2026, 3, 3, 9, 20, tzinfo=UTC): 60,
        datetime(2026, 3, 4, 18, 5, tzinfo=UTC): 200,
    }
    await made.live(datetime.combine(LAST + timedelta(days=1), time(2), UTC), payments)
    await scratch.open(LAST + timedelta(days=1))
    yield made
    await made.end()
    await scratch.database.close()


async def what_if(world: Told, policy: str, folder: Path, *more: str) -> tuple[int, Any, str]:
    """Exit code, the report, and what was said on standard error."""
    path = folder / "policy.yaml"
    path.write_text(policy)
    days = [] if "--from" in more else ["--from", str(FIRST), "--to", str(LAST)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prepay_ledger", "what-if", "--policy", str(path), *days,
        "--timezone", "UTC", "--database-url", world.scratch.url, *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else None, said.decode()


async def test_the_same_policy_cuts_exactly_who_was_really_cut_and_when(world, tmp_path) -> None:
    rows_at = tmp_path / "rows.csv"
    code, report, said = await what_if(world, NIGHTS, tmp_path, "--csv", str(rows_at))
    assert (code, said) == (0, "")
    (found,) = report["currencies"]
    assert (found["accounts"], found["cut_as_told"]) == (2, 1)
    assert (found["cut_anew"], found["spared"]) == (0, 0)
    sides = found["sides"]
    assert sides["as_it_was"] == sides["as_it_would_be"]
    for side in sides.values():
        assert (side["cut"], side["cuts"], side["cuts_by_day"]) == (1, 2, [1, 0, 1])
        # 13:00 to 10:00, and 07:00 to 19:00.
        assert (side["dark_hours"], side["dark_hours_by_day"]) == (33, [11, 10, 12])
        assert side["recovered_micro"] == 260
    assert sides["as_it_was"]["below_max_micro"] == sides["happened"]["below_max_micro"]
    with rows_at.open() as file:
        rows = {(row["account"], row["side"]): row for row in csv.DictReader(file)}
    spender, saver = (str(each.id) for each in world.households)
    assert len(rows) == 6
    for side in ("happened", "as_it_was", "as_it_would_be"):
        assert rows[spender, side]["cut_at"] == "2026-03-02T13:00Z 2026-03-04T07:00Z"
        assert rows[saver, side]["cuts"] == rows[saver, side]["warnings"] == "0"
        assert rows[spender, side]["warned_at"] == rows[spender, "happened"]["warned_at"]
        # By the end of the 4th: of both households what was really left then.
        assert rows[saver, side]["closing_micro"] == str(100 - 84)
        assert rows[spender, side]["closing_micro"] == rows[spender, "happened"]["closing_micro"]
    assert not rows_at.with_name("rows.csv.part").exists()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # Nobody is spared the night.
        ("{}", ([1, 0, 1], 0, 11 + 10 + 19)),
        ("default: {protected: true}", ([0, 0, 0], 0, 0)),
        ("default: {load_limit_w: 300}", ([0, 0, 0], 1, 0)),
    ],
)
async def test_other_policies(world, tmp_path, policy, expected) -> None:
    code, report, said = await what_if(world, policy, tmp_path)
    assert (code, said) == (0, "")
    (found,) = report["currencies"]
    side = found["sides"]["as_it_would_be"]
    assert (side["cuts_by_day"], side["limited"], side["dark_hours"]) == expected
    assert found["spared"] == (1 if side["cut"] == 0 else 0)
    assert found["sides"]["as_it_was"]["dark_hours"] == 33


async def test_who_was_dark_begins_dark(world, tmp_path) -> None:
    more = ["--from", "2026-03-03", "--to", "2026-03-03"]
    _, report, _ = await what_if(world, NIGHTS, tmp_path, *more)
    for side in report["currencies"][0]["sides"].values():
        assert (side["cuts"], side["dark_hours"]) == (0, 10)


@pytest.mark.parametrize(
    ("policy", "more", "said"),
    [
        ("default: {calendar: none}", [], "there is no calendar none among calendars"),
        ("{", [], "policy.yaml: "),
        ("{}", ["--from", "2026-03-02", "--to", "2026-03-05"], "2026-03-05 is not over"),
        ("{}", ["--from", "2026-02-01", "--to", "2026-03-02"], "it begins on 2026-03-01"),
        ("{}", ["--from", "2026-03-04", "--to", "2026-03-02"], "is before --from"),
        ("{}", ["--from", "yesterday", "--to", "2026-03-02"], "'yesterday' is no day"),
        ("{}", ["--from", "0001-01-01", "--to", "0001-01-02"], "0001-01-01 is none of the days"),
        ("{}", ["--tariff", "/nowhere/t.yaml"], "/nowhere/t.yaml"),
        ("{}", ["--csv", "/nowhere/rows.csv"], "/nowhere/rows.csv"),
        ("{}", ["--timezone", "Mars/North"], "'Mars/North' is no timezone"),
    ],
)
async def test_what_cannot_be_told_is_said_in_one_line(world, tmp_path, policy, more, said) -> None:
    code, report, told = await what_if(world, policy, tmp_path, *more)
    assert (code, report) == (2, None)
    assert said in told
    assert len(told.splitlines()) == 1


async def test_it_leaves_the_ledger_as_it_was(world, tmp_path) -> None:
    async def everything() -> list[Any]:
        tables = ("account", "entry", "decision", "command", "outbox")
        counts = " UNION ALL ".join(
            f"SELECT '{each}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {each} t"
            for each in tables
        )
        return await world.scratch.sql(counts)

    before = await everything()
    await what_if(world, "{}", tmp_path)
    assert await everything() == before


async def test_the_command_line_shows_a_table_and_a_picture(world, tmp_path, capfd) -> None:
    policy, picture = tmp_path / "policy.yaml", tmp_path / "whatif.svg"
    policy.write_text("default: {protected: true}")
    asked = ["whatif", "--policy", str(policy), "--from", str(FIRST), "--to", str(LAST)]
    asked += ["--database-url", world.scratch.url, "--report", str(tmp_path / "report.json")]
    runner = CliRunner(env={"COLUMNS": "200", "PREWATT_TIMEZONE": "UTC"})
    done = await asyncio.to_thread(runner.invoke, app, [*asked, "--plot", str(picture)])
    assert done.exit_code == 0, (done.output, capfd.readouterr())
    lines = [line.split() for line in done.stdout.replace("│", " ").splitlines()]
    assert ["accounts", "cut", "1", "1", "0"] in lines
    assert ["hours", "dark,", "all", "33", "33", "0"] in lines
    assert "of 1 accounts really cut the simulation cuts 1, and 0 others" in done.stdout
    assert "0 more accounts are cut, and 1 are not" in done.stdout
    assert "as it would be: evidence.failed_readings" in done.stdout
    assert "simulated: as it would be" in picture.read_text()
    assert json.loads((tmp_path / "report.json").read_text())["hours"] == 72
    refused = await asyncio.to_thread(runner.invoke, app, [*asked, "--plot", "picture.gif"])
    assert refused.exit_code == 2
    assert "a picture is .png or .svg" in refused.stderr
    refused = await asyncio.to_thread(runner.invoke, app, [*asked, "--tariff", str(policy)])
    assert refused.exit_code == 2
    assert "code: " in capfd.readouterr().err
