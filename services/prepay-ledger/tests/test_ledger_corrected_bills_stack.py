"""Corrected bills over HTTP and Kafka: what is long ago, or our fault, is owed apart."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from ledger_expected import minute_us
from ledger_law import ALL_IS_NEW
from typer.testing import CliRunner, Result

from prepay_ledger.debts.pay_instalments import PayInstalments
from prepay_ledger.unit import open_unit
from prewatt_cli.__main__ import app
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_metering.calendar.instants import instant_of, us_of

pytestmark = pytest.mark.stack

MICRO = 1_000_000
PRICE_MICRO = 2 * MICRO
PAID_MICRO = 1_000 * MICRO
STEP_WH = 5_000
"""What every meter has used a day."""
MORE_WH = 3_000


class Home:
    """An account with meters that hung there one after another; each was read once a day for three
    days, the last time so many days ago."""

    def __init__(self, ledger: Any) -> None:
        self.ledger = ledger
        self.code = f"t-{uuid4().hex[:10]}"
        self.account: dict[str, Any] = {}
        self.meters: dict[int, str] = {}

    async def settle(self, *days_ago: int) -> None:
        energy = {
            "kind": "blocks",
            "name": "energy",
            "blocks": [{"upto_wh": None, "micro_per_kwh": PRICE_MICRO}],
        }
        document = {
            "code": self.code, "valid_from": "2020-01-01", "currency": "CNY", "timezone": "UTC",
            "components": [energy],
        }  # fmt: skip
        body = {"document": document, "reason": "test"}
        assert (await self.ledger.api.post("/v1/tariffs", json=body)).status_code == 201
        self.account = await self.ledger.open()
        await self.ledger.agree(self.account, tariff_code=self.code, first_day="2020-01-01")
        await self.ledger.pay(self.account["number"], PAID_MICRO)
        await self.ledger.in_force({"default": ALL_IS_NEW})
        for days in days_ago:
            meter_id = self.meters[days] = f"m-{uuid4().hex[:10]}"
            begins_at = (self.last_read(days) - timedelta(days=3)).isoformat()
            answer = await self.ledger.install(self.account, meter_id, begins_at=begins_at)
            assert answer.status_code == 201, answer.text
            minute = (us_of(self.last_read(days)) - minute_us(0)) // 60_000_000
            for day in range(3):
                at = minute - (2 - day) * 24 * 60
                await self.ledger.read((meter_id, at, (day + 1) * STEP_WH))
        used_micro = len(days_ago) * 3 * STEP_WH * PRICE_MICRO // 1_000
        await self.ledger.until_balance(self.account, PAID_MICRO - used_micro)
        # What was read so far was paid as new. From here on the policy is as shipped.
        await self.ledger.in_force({})

    def last_read(self, days_ago: int) -> datetime:
        noon = utc_now().replace(hour=12, minute=0, second=0, microsecond=0)
        return noon - timedelta(days=days_ago)

    async def edit(self, days_ago: int, more_wh: int = MORE_WH, **fault: bool) -> None:
        """The last reading of the meter was this much higher; 0: as it came."""
        set_to = {"kind": "set", "register_wh": 3 * STEP_WH + more_wh}
        body = set_to if more_wh else {"kind": "restore"}
        answer = await self.ledger.api.post(
            f"/v1/meters/{self.meters[days_ago]}/edits",
            json=body | fault | {"at": self.last_read(days_ago).isoformat(), "reason": "test"},
        )
        assert answer.status_code == 201, answer.text

    async def debts(self) -> list[dict[str, Any]]:
        answer = await self.ledger.api.get(f"/v1/debts?account_id={self.account['id']}")
        return answer.json()["items"]

    async def stands(self) -> tuple[int, int]:
        """Balance, and what is owed apart."""
        owed = sum(each["left_micro"] for each in await self.debts())
        return (await self.ledger.account(self.account))["balance_micro"], owed


MORE_MICRO = MORE_WH * PRICE_MICRO // 1_000


async def test_new_bills_are_the_balances_and_old_ones_or_ours_are_owed_apart(ledger) -> None:
    home = Home(ledger)
    await home.settle(400, 30, 5)
    balance, owed = await home.stands()
    assert owed == 0
    await home.edit(30)
    assert await home.stands() == (balance - MORE_MICRO, 0)
    await home.edit(400)
    assert await home.stands() == (balance - MORE_MICRO, MORE_MICRO)
    await home.edit(5, our_fault=True)
    assert await home.stands() == (balance - MORE_MICRO, 2 * MORE_MICRO)
    ours, old = await home.debts()
    assert [(each["cause"], each["our_fault"]) for each in (ours, old)] == [
        ("edit", True), ("edit", False),
    ]  # fmt: skip
    assert instant_of(us_of(home.last_read(400))).strftime("%Y-%m-01") == old["period_first"]
    # Whatever is undone, in whatever order, all is as it was.
    for days_ago in (400, 5, 30):
        await home.edit(days_ago, 0)
    assert await home.stands() == (balance, 0)
    await ledger.sums_to_zero()


async def test_told_again_it_changes_nothing_and_told_otherwise_the_rest(ledger) -> None:
    home = Home(ledger)
    await home.settle(400)
    balance, _ = await home.stands()
    for _ in range(2):
        answer = await ledger.api.post(
            f"/v1/meters/{home.meters[400]}/edits",
            json={
                "at": home.last_read(400).isoformat(), "kind": "set",
                "register_wh": 3 * STEP_WH + MORE_WH, "reason": "test",
            },
        )  # fmt: skip
        assert answer.is_success
    assert await home.stands() == (balance, MORE_MICRO)
    await home.edit(400, 1_000)
    assert await home.stands() == (balance, MORE_MICRO // 3)
    (debt,) = await home.debts()
    assert debt["lowered_micro"] == 2 * MORE_MICRO // 3
    # Less than was charged at first: the debt goes first, the rest is the balance's.
    await home.edit(400, -1_000)
    assert await home.stands() == (balance + MORE_MICRO // 3, 0)
    await home.edit(400, 0)
    assert await home.stands() == (balance, 0)
    await ledger.sums_to_zero()


async def test_instalments_are_taken_once_on_their_day(ledger) -> None:
    home = Home(ledger)
    await home.settle(400)
    await home.edit(400)
    balance, _ = await home.stands()
    (debt,) = await home.debts()
    today = utc_now().date()
    plan = {"instalments": 2, "reason": "as agreed by telephone"}
    past = plan | {"first_due": (today - timedelta(days=1)).isoformat()}
    answer = await ledger.api.put(f"/v1/debts/{debt['id']}/plan", json=past)
    assert answer.status_code == 409, answer.text
    plan["first_due"] = today.isoformat()
    answer = await ledger.api.put(f"/v1/debts/{debt['id']}/plan", json=plan)
    assert answer.status_code == 200, answer.text
    # Two at once, as two replicas; what is due is taken once.
    await asyncio.gather(*(_pay_instalments(ledger) for _ in range(2)))
    assert await home.stands() == (balance - MORE_MICRO // 2, MORE_MICRO // 2)
    await ledger.sums_to_zero()


async def test_a_part_of_each_top_up_pays_and_the_receipt_says_so(ledger) -> None:
    home = Home(ledger)
    await home.settle(400)
    await home.edit(400)
    balance, _ = await home.stands()
    (debt,) = await home.debts()
    plan = {"topup_share_ppm": 250_000, "reason": "as agreed by telephone"}
    answer = await ledger.api.put(f"/v1/debts/{debt['id']}/plan", json=plan)
    assert answer.status_code == 200, answer.text
    both = plan | {"instalments": 2, "first_due": "2026-01-01"}
    answer = await ledger.api.put(f"/v1/debts/{debt['id']}/plan", json=both)
    assert answer.status_code == 422, answer.text
    event = ledger.payment(home.account["number"], 4 * MICRO)
    for _ in range(2):
        answer = await ledger.deliver(event)
        assert answer.json()["balance_micro"] == balance + 3 * MICRO
    assert await home.stands() == (balance + 3 * MICRO, MORE_MICRO - MICRO)
    explained = await ledger.api.get(f"/v1/accounts/{home.account['id']}/supply/explanation")
    assert explained.json()["owed_micro"] == MORE_MICRO - MICRO
    assert "5.00 CNY of corrected bills is owed" in explained.json()["text"]
    # No more than is owed.
    await ledger.pay(home.account["number"], 100 * MICRO)
    left = balance + 103 * MICRO - (MORE_MICRO - MICRO)
    assert await home.stands() == (left, 0)
    # What was paid of a bill that turns out right again is the balance's.
    await home.edit(400, 0)
    assert await home.stands() == (left + MORE_MICRO, 0)
    await ledger.sums_to_zero()


async def _pay_instalments(ledger) -> None:
    database = Database(url=ledger.stack.endpoints.database_url("prepay_ledger"))
    job = PayInstalments(
        open_unit=lambda: open_unit(database), clock=utc_now, committed=lambda: None
    )
    await job()
    await database.close()


async def decided(ledger, *arguments: str) -> Result:
    return await prewatt(ledger, *arguments, of="proposals")


async def prewatt(ledger, *arguments: str, of: str = "debts") -> Result:
    command = [of, *arguments, "--state-dir", str(ledger.stack.state_dir)]
    return await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, app, command)


async def test_people_pause_and_write_off_a_debt_from_the_command_line(ledger) -> None:
    home = Home(ledger)
    await home.settle(400)
    await home.edit(400)
    balance, _ = await home.stands()
    (debt,) = await home.debts()
    listed = await prewatt(ledger, "ls", "--account", home.account["id"])
    assert debt["id"] in listed.output
    assert "nothing agreed" in listed.output
    agreed = ["--instalments", "3", "--first-due", "2099-01-01", "--reason", "by telephone"]
    planned = await prewatt(ledger, "plan", debt["id"], *agreed)
    assert planned.output.strip() == "6.00 CNY, instalments until 2099-03-01"
    until = ["--until", "2099-06-01", "--reason", "in hospital"]
    assert (await prewatt(ledger, "pause", debt["id"], *until)).exit_code == 0
    assert [each["paused_until"] for each in await home.debts()] == ["2099-06-01"]
    bad = await prewatt(ledger, "pause", debt["id"], "--until", "soon", "--reason", "r")
    assert (bad.exit_code, len(bad.stderr.splitlines())) == (2, 1)
    assert (await prewatt(ledger, "resume", debt["id"], "--reason", "back home")).exit_code == 0
    proposed = await prewatt(ledger, "write-off", debt["id"], "--reason", "poor", "--who", "ann")
    assert "nothing is done yet" in proposed.output
    (proposal,) = [
        each["id"]
        for each in (await ledger.api.get("/v1/proposals?kind=debt-write-off")).json()["items"]
        if each["subject"] == debt["id"]
    ]
    assert proposal in proposed.output
    own = await decided(ledger, "approve", proposal, "--reason", "me", "--who", "ann")
    assert (own.exit_code, len(own.stderr.splitlines())) == (2, 1)
    assert "somebody else than ann" in own.stderr
    outcome = await decided(ledger, "approve", proposal, "--reason", "seen", "--who", "bob")
    assert outcome.output.strip() == f"proposal {proposal} is approved"
    assert await home.stands() == (balance, 0)
    # What was written off is not given back as money when the bill turns out right again.
    await home.edit(400, 0)
    assert await home.stands() == (balance, 0)
    await ledger.sums_to_zero()
