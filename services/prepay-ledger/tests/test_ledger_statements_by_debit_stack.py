"""Statements of a post-paid account collected by files, on PostgreSQL: each once, no more than is
owed, on its due day."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from ledger_owing_by_debit import OwingByDebit
from ledger_saving import POLICY
from ledger_scratch import UTC_ZONE, Scratch
from ledger_town import Dying, Killed

from prepay_ledger.debit_files.ask_statements import AskStatements
from prepay_ledger.debit_files.values import FileState
from prepay_ledger.mandates.refusals import InvalidMandate

pytestmark = pytest.mark.stack
DAY = timedelta(days=1)
DUE = date(2026, 3, 18)


class PostPaid(OwingByDebit):
    """It owes 70: 60 by a statement, and 10 of the period that runs."""

    async def become(self) -> None:
        await self.move(-120)
        await self.scratch.sql("UPDATE account SET mode = 'arrears'")
        await self.scratch.sql(
            "INSERT INTO mode_change (id, account_id, to_mode, first_day, tariff_code, consent_by, "
            "consent_reference, consent_at, notice_days, owed, instalments, due_days, "
            "effective_at, state, reason, waits_for, agreement_id, closing_micro) VALUES ($1, $2, "
            "'arrears', '2026-01-01', 't', 'c', 'd', $3, 0, 'debt', 1, 14, $3, 'done', '', '', $4, "
            "0)",
            uuid4(), self.account_id, self.now, self.agreement_id,
        )  # fmt: skip
        for first, end, units in (
            ("2026-02-01", "2026-03-01", 60),
            ("2026-03-01", "2026-04-01", 10),
        ):
            await self.scratch.sql(
                "INSERT INTO charge_state (agreement_id, period_first, period_end, account_id, "
                "version, energy, standing_days, posted, posted_micro, energy_wh, day) VALUES "
                "($1, $2, $3, $4, 1, '', 0, '{}', $5, 0, $2)",
                self.agreement_id, date.fromisoformat(first), date.fromisoformat(end),
                self.account_id, units * 1_000_000,
            )  # fmt: skip
        self.statement_id = await self.told_of("2026-02-01", 60, DUE)

    async def told_of(self, first: str, units: int, due_on: date) -> UUID:
        """A statement of the period."""
        statement_id = uuid4()
        await self.scratch.sql(
            "INSERT INTO statement (id, number, account_id, agreement_id, period_first, "
            "period_end, account_number, currency, energy_wh, charged, brought_micro, "
            "charged_micro, corrected_micro, paid_micro, given_micro, late_micro, owed_micro, "
            "posted_total_micro, paid_total_micro, late_total_micro, due_on, issued_at) SELECT $1, "
            "coalesce(max(number), 0) + 1, $2, $3, $4, $4::date + 15, 'n', 'CNY', 0, '{}', 0, $5, "
            "0, 0, 0, 0, $5, $5, 0, 0, $6, $7 FROM statement",
            statement_id, self.account_id, self.agreement_id, date.fromisoformat(first),
            units * 1_000_000, due_on, self.now,
        )  # fmt: skip
        return statement_id

    async def ask_statements(self, open_unit=None) -> None:
        await AskStatements(
            open_unit=open_unit or self.scratch.unit, days_ahead={"demo": 5}, zone=UTC_ZONE,
            policy=POLICY, clock=lambda: self.now, committed=lambda: None,
        )()  # fmt: skip

    async def agreed(self, micro: int = 100_000_000) -> None:
        """A mandate that covers statements, whose debtor is known, and the first is asked for."""
        await self.debtor(await self.open(statement_micro_max=micro))
        await self.ask_statements()


@pytest.fixture
async def home(own_database_url: str) -> AsyncGenerator[PostPaid]:
    made = PostPaid(Scratch(own_database_url))
    await made.begin()
    await made.become()
    yield made
    await made.scratch.database.close()


async def test_a_statement_is_collected_on_its_day_once(home: PostPaid) -> None:
    with pytest.raises(InvalidMandate, match="post-paid"):
        await home.open()
    await home.agreed()
    request = await home.newest()
    assert (request.amount_micro, request.requested_on) == (60_000_000, DUE)
    assert request.statement_id == home.statement_id
    # The file collects on the 16th, before it is due; the next one on the 18th.
    assert (await home.made()).state is FileState.CANCELLED
    home.now += 2 * DAY
    assert (await home.sent()).lines == 1
    for _ in range(2):
        await home.told("ok", amount="60")
    assert (await home.balance(), await home.states()) == (-10, ["paid"])
    await home.ask_statements()
    # Nothing is topped up, however low the balance is.
    await home.ask()
    assert await home.states() == ["paid"]


async def test_what_is_paid_otherwise_is_not_collected(home: PostPaid) -> None:
    await home.agreed()
    await home.move(15)
    home.now += 2 * DAY
    assert (await home.made()).state is FileState.CANCELLED
    assert (await home.newest()).code == "statement-not-due"
    await home.ask_statements()
    assert ((await home.newest()).amount_micro, (await home.newest()).state) == (
        45_000_000, "requested",
    )  # fmt: skip
    # Another statement is due, while the first is on its way: what that brings is not asked twice.
    await home.sent()
    await home.told_of("2026-03-01", 55, DUE + 2 * DAY)
    await home.ask_statements()
    assert [each.amount_micro for each in await home.requests()] == [
        60_000_000, 45_000_000, 10_000_000,
    ]  # fmt: skip


async def test_a_request_that_waits_is_not_given_up_for_one_of_a_later_statement(
    home: PostPaid,
) -> None:
    await home.agreed()
    await home.told_of("2026-03-01", 70, DUE + 2 * DAY)
    await home.ask_statements()
    assert [each.amount_micro for each in await home.requests()] == [60_000_000, 10_000_000]
    home.now += 4 * DAY
    file = await home.sent()
    assert (file.lines, file.sum_micro) == (2, 70_000_000)


async def test_what_is_refused_is_asked_for_again_on_a_later_day(home: PostPaid) -> None:
    await home.agreed()
    home.now += 2 * DAY
    await home.sent()
    for _ in range(2):
        await home.told("no", "AM04")
    (told,) = await home.not_collected()
    (statement,) = await home.scratch.sql("SELECT number FROM statement")
    assert (told["why"], told["retry_on"]) == ("no_money", "2026-03-20")
    assert (told["statement_number"], told["debt_id"]) == (statement["number"], None)
    assert (told["amount_micro"], told["balance_micro"]) == (60_000_000, -70_000_000)
    assert told["pay_url"].startswith("https://pay.example/p/")
    await home.ask_statements()
    assert await home.states() == ["failed"]
    home.now += 3 * DAY
    await home.ask_statements()
    request = await home.newest()
    assert (request.state, request.requested_on) == ("requested", date(2026, 3, 20))


async def test_a_closed_account_is_told_with_the_end_of_the_mandate(home: PostPaid) -> None:
    """Both at once: the event of the mandate says by what it was suspended."""
    await home.agreed()
    home.now += 2 * DAY
    await home.sent()
    await home.told("no", "AC04")
    (told,) = await home.not_collected()
    assert (told["why"], told["retry_on"]) == ("account_closed", None)
    assert told["pay_url"] is not None, "there is no other way any more"
    rows = await home.scratch.sql("SELECT value FROM outbox ORDER BY id DESC LIMIT 1")
    suspended = msgspec.json.decode(rows[0]["value"])
    assert (suspended["reason"], suspended["request_id"]) == ("AC04", told["request_id"])


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_as_a_refusal_is_applied_it_is_told_once(
    home: PostPaid, after: int, inside: bool
) -> None:
    await home.agreed()
    home.now += 2 * DAY
    await home.sent()
    name = (await home.newest()).id.hex
    with pytest.raises(Killed):
        await home.answers(
            f"id;outcome;code;amount\n{name};no;MD01;\n".encode(),
            open_unit=Dying(home.scratch, after=after, inside=inside),
        )
    await home.apply_answers()
    assert [each["why"] for each in await home.not_collected()] == ["refused"]


async def test_no_more_than_was_agreed(home: PostPaid) -> None:
    await home.agreed(59_990_000)
    assert await home.states() == []


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_as_it_is_asked_for_it_is_asked_for_once(
    home: PostPaid, after: int, inside: bool
) -> None:
    await home.debtor(await home.open(statement_micro_max=100_000_000))
    with pytest.raises(Killed):
        await home.ask_statements(Dying(home.scratch, after=after, inside=inside))
    for _ in range(2):
        await home.ask_statements()
    assert await home.states() == ["requested"]


async def test_of_an_earlier_post_paid_time_nothing_is_asked_for(home: PostPaid) -> None:
    """What it owed then is a debt since; its statement is not asked for again, now that another
    agreement is post-paid."""
    await home.scratch.sql("UPDATE mode_change SET first_day = '2026-03-02'")
    await home.agreed()
    assert await home.requests() == []
    async with home.scratch.unit() as unit:
        assert (await unit.due_statements.one(home.statement_id)).owed_micro == 0


async def test_it_looks_where_something_may_have_become_due(home: PostPaid) -> None:
    looks: list[int] = []

    class Counting(AskStatements):
        async def _accounts(self, *of: Any) -> Sequence[UUID]:
            looks.append(len(looks))
            return ()

    job = Counting(
        open_unit=home.scratch.unit, days_ahead={"demo": 5}, zone=UTC_ZONE, policy=POLICY,
        clock=lambda: home.now, committed=lambda: None,
    )  # fmt: skip

    async def looked() -> int:
        await job()
        return len(looks)

    assert [await looked(), await looked()] == [1, 1]
    await home.told_of("2026-03-01", 9, DUE)
    await home.scratch.sql("UPDATE statement_number SET last = last + 1")
    assert [await looked(), await looked()] == [2, 2]
    await home.open(statement_micro_max=100_000_000)
    assert [await looked(), await looked()] == [3, 3]
    home.now += timedelta(minutes=59)
    assert await looked() == 3
    home.now += timedelta(minutes=1)
    assert await looked() == 4
    home.now += DAY - timedelta(minutes=1)
    assert await looked() == 5
