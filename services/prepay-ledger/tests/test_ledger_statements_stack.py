"""Statements on PostgreSQL: once a period, without a gap, and each from where the last ended."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest
from ledger_town import REVIEW, Dying, Killed
from sqlalchemy import text
from test_ledger_mode_changes_stack import DAY, HOURS, Changing, to_arrears

from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.statements.issue_statements import IssueStatements
from prepay_ledger.statements.postgres_queries import StatementQueries
from prepay_ledger.statements.values import Statement
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack


class Told(Changing):
    """Its first account is post-paid from today on; `months` brings later days."""

    async def issue(self, *, days: int, open_unit=None) -> list[Statement]:
        """The job, as it runs so many days after today; all statements, the oldest first."""
        job = IssueStatements(
            open_unit=open_unit or self.unit,
            zone=REVIEW.zone,
            after_days=3,
            clock=lambda: self.now + timedelta(days=days),
        )
        await job()
        found = await StatementQueries(self.database).statements(
            account_id=self.account_id, before=None, limit=99
        )
        return list(found)[::-1]

    async def pays(self, micro: int, *, later: timedelta = timedelta(0)) -> None:
        """``later``: what the payment's own clock is ahead."""
        payment = Payment(
            provider="p", payment_id=str(new_id()), account_number="town-0", amount_micro=micro,
            currency="CNY",
        )  # fmt: skip
        async with self.unit() as unit:
            await TakePayment(review=REVIEW)(unit, payment=payment, now=self.now + later)


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Told]:
    made = Told(own_database_url)
    await made.begin_here()
    yield made
    await made.holds()
    await made.database.close()


async def use(town: Told, days: int) -> None:
    """It is read that many days after today."""
    await town.read(HOURS + 24 * days, [0])


async def test_a_period_that_is_over_has_one_statement_and_the_next_goes_on(town: Told) -> None:
    await to_arrears(town)
    assert await town.issue(days=0) == []
    await use(town, 40)
    await town.pays(700)
    (first, *more) = await town.issue(days=40)
    assert first.number == 1
    amounts = first.amounts
    assert (first.energy_wh > 0, sum(first.charged.values())) == (True, amounts.charged_micro)
    assert (amounts.paid_micro, amounts.given_micro) == (700, 0)
    assert first.due_on == first.period_end + 14 * DAY
    assert await town.issue(days=40) == [first, *more]
    await use(town, 80)
    await town.pays(50)
    await town.pay(30)
    found = await town.issue(days=80)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    for before, after in pairwise(found):
        assert after.amounts.brought_micro == before.amounts.owed_micro
        assert after.key.period_first == before.period_end
    last = found[-1].amounts
    later = await town.sql(
        "SELECT coalesce(sum(posted_micro), 0)::bigint AS micro FROM charge_state "
        "WHERE account_id = $1 AND period_first > $2",
        town.account_id, found[-1].key.period_first,
    )  # fmt: skip
    assert last.owed_micro == -(await town.balance() + later[0]["micro"])
    total = [sum(getattr(e.amounts, name) for e in found) for name in ("paid_micro", "given_micro")]
    assert total == [750, 30]


async def test_a_payment_is_before_the_closing_or_after_it_whatever_its_clock_says(
    town: Told,
) -> None:
    await town.pays(700, later=timedelta(seconds=5))
    change = await to_arrears(town)
    await town.pays(40, later=timedelta(seconds=-5))
    assert change.closing_paid_micro is not None
    assert change.closing_paid_micro >= 700
    await use(town, 40)
    (first, *_) = await town.issue(days=40)
    assert (first.amounts.paid_micro, first.amounts.given_micro) == (40, 0)
    assert first.amounts.brought_micro == -(change.closing_micro or 0)


async def test_payments_that_race_with_the_closing_stand_once(town: Told) -> None:
    await town.request()
    await town.read(HOURS + 2, [0])
    at_odds = [timedelta(seconds=each) for each in (-2, -1, 0, 1, 2)]
    await asyncio.gather(town.look(), *(town.pays(100, later=each) for each in at_odds))
    change = await town.look()
    assert change.closing_paid_micro is not None
    before = change.closing_paid_micro
    await use(town, 40)
    (first, *_) = await town.issue(days=40)
    assert (first.amounts.paid_micro, first.amounts.given_micro) == (500 - before, 0)


async def test_whoever_dies_in_it_leaves_no_gap_and_two_issue_once(town: Told) -> None:
    await to_arrears(town)
    await use(town, 70)
    with pytest.raises(Killed):
        await town.issue(days=70, open_unit=Dying(town, after=1, inside=True))
    assert await town.issue(days=-400) == []
    await asyncio.gather(*(town.issue(days=70) for _ in range(3)))
    found = await town.issue(days=70)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert len({each.key for each in found}) == len(found) >= 1


async def test_a_statement_is_never_changed(town: Told) -> None:
    await to_arrears(town)
    await use(town, 40)
    (first, *_) = await town.issue(days=40)
    with pytest.raises(asyncpg.RaiseError, match="is refused"):
        await town.sql("UPDATE statement SET owed_micro = owed_micro WHERE id = $1", first.id)


async def test_who_pays_beforehand_has_none(town: Told) -> None:
    await use(town, 40)
    assert await town.issue(days=90) == []


async def test_what_is_due_is_found_by_its_index_and_looked_at_when_it_may_be(town: Told) -> None:
    await to_arrears(town)
    (row,) = await town.sql("SELECT account_id, look_on FROM statement_due")
    assert row["account_id"] == town.account_id
    assert row["look_on"] <= town.today
    await use(town, 40)
    (*_, last) = await town.issue(days=40)
    # The period that runs, which is charged already.
    (row,) = await town.sql("SELECT look_on FROM statement_due")
    (runs,) = await town.sql(
        "SELECT period_end FROM charge_state WHERE account_id = $1 AND period_first = $2",
        town.account_id, last.period_end,
    )  # fmt: skip
    assert row["look_on"] == runs["period_end"]
    async with town.database.transaction() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        said = (await connection.execute(text(
            "EXPLAIN SELECT account_id FROM statement_due WHERE look_on <= '2026-03-01' "
            "ORDER BY look_on, account_id LIMIT 100"
        ))).scalars()  # fmt: skip
    assert "statement_due_look_on" in "\n".join(said)


async def test_who_is_prepaid_again_is_looked_at_no_more(town: Told) -> None:
    await to_arrears(town)
    await town.sql("UPDATE account SET mode = 'prepay' WHERE id = $1", town.account_id)
    assert await town.issue(days=90) == []
    assert await town.sql("SELECT look_on FROM statement_due") == []
    await town.sql("UPDATE account SET mode = 'arrears' WHERE id = $1", town.account_id)
