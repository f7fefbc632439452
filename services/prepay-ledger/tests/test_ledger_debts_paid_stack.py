"""How debts are paid off, on PostgreSQL: within a rolling cap, not while supply is off, and once,
whenever the job that takes instalments is killed."""

import asyncio
import sys
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from ledger_owing import FIRST_DUE, OWED_MICRO, TOPUP_MICRO, Owing, owing_town, share, topped_up

from prepay_ledger.debts import pay_instalments, tell_debts
from prepay_ledger.debts.pay_instalments import PayInstalments
from prepay_ledger.debts.refusals import PlanRefused
from prepay_ledger.debts.rules import months_after
from prepay_ledger.metrics import LEFT_OUT
from prewatt_common.clock import utc_now
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)
DAYS = timedelta(days=1)


async def test_top_ups_pay_no_more_in_some_days_than_the_policy_has(town: Owing) -> None:
    await town.says(topup_cap_micro=300, topup_cap_days=10, topup_share_max_ppm=1_000_000)
    account_id = await town.owe()
    other = await town.owe(source="edit/2")
    assert other == account_id
    for debt in await town.debts():
        await share(town, debt.id, 500_000)
    # Half of it to the first debt; the cap leaves the other the rest.
    assert await topped_up(town, account_id, 1) == 300
    assert sorted(debt.paid_micro for debt in await town.debts()) == [100, 200]
    town.now += 9 * DAYS
    assert await topped_up(town, account_id, 2) == 0
    # The cap rolls: what was paid ten days ago counts no more.
    town.now += DAYS + timedelta(seconds=1)
    assert await topped_up(town, account_id, 3) == 300
    assert sum(debt.left_micro for debt in await town.debts()) == 2 * OWED_MICRO - 600
    await town.holds()


async def test_all_debts_together_take_half_of_a_top_up_at_most(town: Owing) -> None:
    account_id = await town.owe()
    await town.owe(source="edit/2")
    one, other = await town.debts()
    await share(town, one.id, 300_000)
    with pytest.raises(PlanRefused, match=r"500000 ppm.*others take 300000: 200001 are too many"):
        await share(town, other.id, 200_001)
    await share(town, other.id, 200_000)
    # Anew: what it took before is not counted twice.
    await share(town, one.id, 250_000)
    await share(town, one.id, 300_000)
    assert await topped_up(town, account_id, 1) == TOPUP_MICRO // 2
    # What was agreed before a policy that has less.
    await town.says(topup_share_max_ppm=100_000)
    assert await topped_up(town, account_id, 2) == TOPUP_MICRO // 10


async def test_a_paused_debt_takes_nothing_of_a_top_up(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await share(town, debt.id, 500_000)
    await town.sql("UPDATE debt SET paused_until = $1", town.today + 2 * DAYS)
    assert await topped_up(town, account_id, 1) == 0
    town.now += 2 * DAYS
    assert await topped_up(town, account_id, 2) == TOPUP_MICRO // 2


async def test_nothing_is_taken_while_supply_is_off_where_the_policy_says_so(town: Owing) -> None:
    account_id = await town.owe()
    await town.owe(source="edit/2")
    by_instalments, by_topups = await town.debts()
    await town.plan(by_instalments.id, 2)
    await share(town, by_topups.id, 500_000)
    await town.sql("UPDATE account SET supply_state = 'disconnected' WHERE id = $1", account_id)
    assert await town.pay(account_id, FIRST_DUE) == 0
    assert await topped_up(town, account_id, 1) == 0
    await town.says(paused_while_off=False)
    assert await town.pay(account_id, FIRST_DUE) == OWED_MICRO // 2
    assert await topped_up(town, account_id, 2) == TOPUP_MICRO // 2
    await town.holds()


@pytest.mark.parametrize("state", ["limited", "disconnected"])
async def test_a_debt_keeps_nobody_limited_or_dark_who_has_paid_enough(
    town: Owing, state: str
) -> None:
    """Where a policy takes even then: with more than 20 supply comes back, and 21 are left."""
    account_id = await town.owe()
    (debt,) = await town.debts()
    await share(town, debt.id, 500_000)
    await town.says({"balance_above_micro": 20}, paused_while_off=False)
    await town.sql("UPDATE account SET low_balance_micro = 5, supply_state = $1", state)
    await town.sql("UPDATE account SET balance_micro = -370 WHERE id = $1", account_id)
    # As many as without the debt would be left: 30. Of the half of 400 that was agreed, 9.
    assert await topped_up(town, account_id, 1) == 9
    await town.says({"balance_above_micro": 20})
    assert await topped_up(town, account_id, 2) == 0
    await town.sql("UPDATE account SET supply_state = 'warned'")
    assert await topped_up(town, account_id, 3) == TOPUP_MICRO // 2


async def test_what_was_held_over_is_taken_an_instalment_a_month(town: Owing) -> None:
    """Six months off, and back: not all at once, and nothing in the first week."""
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 10)
    back_at = datetime.combine(months_after(FIRST_DUE, 6), time(12), UTC)
    for state, at in (("disconnected", back_at - 180 * DAYS), ("connected", back_at)):
        await town.sql(
            "INSERT INTO decision (id, account_id, state, fired, held, inputs, at) "
            "VALUES ($1, $2, $3, '{}', '{}', '{}', $4)",
            new_id(), account_id, state, at,
        )  # fmt: skip
    taken: list[int] = []
    for day in range(75):
        town.now = back_at + day * DAYS
        taken += [await town.pay(account_id, town.now.date()) for _ in range(2)]
    on = [(number // 2, micro) for number, micro in enumerate(taken) if micro]
    # Of October, November and December; none within seven days.
    assert on == [(7, 100), (31, 100), (61, 100)]
    await town.holds()


_RUN = """
import asyncio, sys
from prepay_ledger.debts import pay_instalments
from prepay_ledger.unit import open_unit
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
pay_instalments.ACCOUNTS_AT_ONCE = 1
database = Database(url=sys.argv[1])
job = pay_instalments.PayInstalments(
    open_unit=lambda: open_unit(database), clock=utc_now,
    committed=lambda: print("committed", flush=True),
)
asyncio.run(job())
"""


async def test_killed_in_the_midst_of_a_run_nothing_is_taken_twice(
    own_database_url: str,
) -> None:
    """By SIGKILL, after the first account, the second, and so on; at last nobody is left."""
    town = Owing(own_database_url, count=12)
    await town.settle(town.begin.date())
    for number in range(12):
        await town.owe(source=f"edit/{number}", number=number)
    for debt in await town.debts():
        await town.plan(debt.id, 1, town.today + DAYS)
    await town.sql("UPDATE debt_instalment SET due_on = due_on - 300")
    due_micro = 12 * OWED_MICRO
    for kill_after in (1, 2, 3, 99):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RUN, own_database_url, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(kill_after):
            if not await process.stdout.readline():
                break
        if kill_after < 99:
            process.kill()
        await process.wait()
        paid = [debt.paid_micro for debt in await town.debts()]
        assert set(paid) <= {0, OWED_MICRO}, "an account is paid as a whole or not at all"
        (moved,) = await town.sql(
            "SELECT coalesce(sum(e.amount_micro), 0)::bigint AS micro FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id "
            "WHERE e.sub_account = 'debt' AND j.source LIKE 'debt/%/%'"
        )
        assert moved["micro"] == sum(paid)
        await town.holds()
    assert process.returncode == 0
    assert sum(debt.paid_micro for debt in await town.debts()) == due_micro
    await town.database.close()


async def test_an_account_that_raises_keeps_nobody_from_paying_or_being_told(
    own_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_instalments, "ACCOUNTS_AT_ONCE", 2)
    monkeypatch.setattr(tell_debts, "ACCOUNTS_AT_ONCE", 2)
    town = Owing(own_database_url, count=5)
    await town.settle(town.begin.date())
    for number in range(5):
        await town.owe(source=f"edit/{number}", number=number)
    for debt in await town.debts():
        await town.plan(debt.id, 1, town.today + DAYS)
    await town.sql("UPDATE debt_instalment SET due_on = due_on - 300")
    ids = [row["id"] for row in await town.sql("SELECT id FROM account ORDER BY id")]
    odd = ids[:2]
    await town.sql("UPDATE account SET supply_state = 'odd' WHERE id = ANY($1::uuid[])", odd)
    before = left_out("pay instalments"), left_out("tell debts")
    job = PayInstalments(open_unit=town.unit, clock=utc_now, committed=lambda: None)
    await job()
    paid = {debt.account_id: debt.paid_micro for debt in await town.debts()}
    assert paid == {each: 0 if each in odd else OWED_MICRO for each in ids}
    await town.tell(utc_now() + DAYS)
    told = {UUID(each["account_id"]) for each in await town.told()}
    assert told == {*ids} - {*odd}
    # Three kinds of news: what is owed is left out, and nothing else of theirs waits.
    assert (left_out("pay instalments"), left_out("tell debts")) == (before[0] + 2, before[1] + 2)

    await town.sql("UPDATE account SET supply_state = 'connected'")
    await job()
    await town.tell(utc_now() + DAYS)
    assert {debt.paid_micro for debt in await town.debts()} == {OWED_MICRO}
    assert {UUID(each["account_id"]) for each in await town.told()} == {*ids}
    await town.holds()
    await town.database.close()


def left_out(work: str) -> float:
    return LEFT_OUT.labels(work)._value.get()
