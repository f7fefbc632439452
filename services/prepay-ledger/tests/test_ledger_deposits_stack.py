"""Deposits on PostgreSQL: no balance, drawn for what is owed, and nothing half done."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from ledger_owing import OWED_MICRO, Owing, owing_town
from ledger_town import REVIEW, Dying, Killed

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.deposits.draw_deposit import draw_deposit, receive_called
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.postgres_audit import audit_deposits_of
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.deposits.refusals import DepositRefused, KeyUsedBefore, UnknownDeposit
from prepay_ledger.deposits.release_deposit import release_deposit
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, StepAction, Terms
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)
DAYS = timedelta(days=1)
ALONE = ApprovalTerms(above_micro=None, term=7 * DAYS)
"""One person does it, however much."""


async def review(unit, account_ids, now) -> None:
    await REVIEW(unit, account_ids, now=now, caused_at=now)


def cash(town: Owing, micro: int = 700, **terms) -> Terms:
    kept = Terms(
        kind=DepositKind.CASH, amount_micro=micro, currency="CNY", issuer="", reference="receipt 1",
        valid_from=town.today, valid_until=None,
    )  # fmt: skip
    return replace(kept, **terms)


def paper(town: Owing, micro: int = 700, number: int = 1) -> Terms:
    return cash(
        town, micro, kind=DepositKind.GUARANTEE, issuer="First Bank", reference=f"G-{number}",
        valid_until=town.today + 30 * DAYS,
    )  # fmt: skip


async def hold(
    town: Owing,
    terms: Terms,
    place: Place | None = None,
    *,
    key: str = "k-1",
    open_unit=None,
    number: int = 0,
    approvals: ApprovalTerms = ALONE,
) -> Deposit | Proposal:
    account_id, _ = await town.account_of(number)
    async with (open_unit or town.unit)() as unit:
        return await hold_deposit(
            unit=unit, review=review, account_id=account_id, terms=terms, place=place, key=key,
            today=town.today, decided=town.decided(), approvals=approvals,
        )  # fmt: skip


async def draw(
    town: Owing,
    deposit_id: UUID,
    micro: int,
    debt_id=None,
    *,
    key="k-2",
    days=0,
    open_unit=None,
    approvals: ApprovalTerms = ALONE,
) -> Deposit | Proposal:
    async with (open_unit or town.unit)() as unit:
        return await draw_deposit(
            unit=unit, review=review, deposit_id=deposit_id, amount_micro=micro, debt_id=debt_id,
            key=key, today=town.today + days * DAYS, decided=town.decided(), approvals=approvals,
        )  # fmt: skip


async def release(
    town: Owing,
    deposit_id: UUID,
    micro: int,
    place: Place | None,
    *,
    key: str = "k-3",
    approvals: ApprovalTerms = ALONE,
) -> Deposit | Proposal:
    async with town.unit() as unit:
        return await release_deposit(
            unit=unit, review=review, deposit_id=deposit_id, amount_micro=micro, place=place,
            key=key, decided=town.decided(), approvals=approvals,
        )  # fmt: skip


async def stands(town: Owing) -> tuple[int, dict[str, int]]:
    """The balance, what lies apart from it; and that the ledger holds together, as audit has it."""
    await town.holds()
    connection = await town.connect()
    try:
        assert [str(each) async for each in audit_deposits_of(connection)] == []
    finally:
        await connection.close()
    account_id, _ = await town.account_of(0)
    view = await AccountQueries(town.database).account(account_id=account_id)
    assert view is not None
    return view.account.balance_micro, dict(view.sub_balances_micro)


async def posted(town: Owing) -> dict[str, int]:
    rows = await town.sql(
        "SELECT p.ledger_account, sum(p.amount_micro)::bigint AS micro FROM posting AS p JOIN "
        "journal AS j ON j.id = p.journal_id WHERE j.kind = 'deposit' GROUP BY 1"
    )
    return {row["ledger_account"]: row["micro"] for row in rows}


async def test_cash_is_held_apart_pays_a_debt_and_the_rest_goes_back(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    before_micro = town.balance_micro + OWED_MICRO
    deposit = await hold(town, cash(town), Place.BANK)
    assert await stands(town) == (before_micro, {"debt": -OWED_MICRO, "deposit": 700})
    assert await posted(town) == {"bank": -700}

    drawn = await draw(town, deposit.id, 500, debt.id)
    assert (drawn.drawn_micro, drawn.left_micro) == (500, 200)
    assert await stands(town) == (before_micro, {"debt": -OWED_MICRO + 500, "deposit": 200})
    (debt,) = await town.debts()
    assert debt.paid_micro == 500

    await release(town, deposit.id, 150, Place.CASH)
    await release(town, deposit.id, 50, Place.BALANCE, key="k-4")
    assert await stands(town) == (before_micro + 50, {"debt": -OWED_MICRO + 500, "deposit": 0})
    assert await posted(town) == {"bank": -700, "cash": 150}
    steps = await DepositQueries(town.database).steps(deposit.id, before=None, limit=9)
    assert [each.action for each in steps] == [
        StepAction.RELEASE, StepAction.RELEASE, StepAction.DRAW, StepAction.HOLD,
    ]  # fmt: skip
    facts = await town.sql(
        "SELECT FROM fact WHERE kind = 'prewatt.ledger.deposit-moved.v1' AND subject = $1",
        str(deposit.id),
    )
    assert len(facts) == 4


async def test_what_moves_the_balance_is_told_as_given(town: Owing) -> None:
    deposit = await hold(town, cash(town, 100), Place.BALANCE)
    assert await stands(town) == (town.balance_micro - 100, {"deposit": 100})
    await release(town, deposit.id, 100, Place.BALANCE)
    rows = await town.sql(
        "SELECT value->>'amount_micro' AS micro, value->>'balance_micro' AS balance FROM "
        "(SELECT convert_from(value, 'UTF8')::jsonb AS value FROM outbox "
        " WHERE topic = 'ledger.events.v1') AS o WHERE value->>'kind' = 'deposit' ORDER BY 1"
    )
    assert [(int(row["micro"]), int(row["balance"])) for row in rows] == [
        (-100, town.balance_micro - 100), (100, town.balance_micro),
    ]  # fmt: skip
    with pytest.raises(DepositRefused, match="nobody goes below zero"):
        await hold(town, cash(town, town.balance_micro + 1), Place.BALANCE, key="k-9")


async def test_a_guarantee_is_no_money_before_its_issuer_is_called_on(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    before = await stands(town)
    deposit = await hold(town, paper(town))
    assert (await stands(town), await posted(town)) == (before, {})
    with pytest.raises(DepositRefused, match="held already"):
        await hold(town, paper(town), key="k-5")
    with pytest.raises(DepositRefused, match="held until"):
        await draw(town, deposit.id, 300, debt.id, days=31)
    await draw(town, deposit.id, 300, debt.id)
    assert (await stands(town))[1] == {"debt": -OWED_MICRO + 300}
    assert await posted(town) == {"guarantees-called": -300}
    async with town.unit() as unit:
        paid = await receive_called(
            unit=unit, deposit_id=deposit.id, amount_micro=300, key="k-6", decided=town.decided()
        )
    assert paid.received_micro == 300
    assert await posted(town) == {"guarantees-called": 0, "bank": -300}
    released = await release(town, deposit.id, 400, None)
    assert released.left_micro == 0
    await stands(town)


async def test_what_the_balance_owes_is_drawn_and_no_more(town: Owing) -> None:
    account_id, _ = await town.account_of(0)
    deposit = await hold(town, cash(town, 500), Place.CASH)
    with pytest.raises(DepositRefused, match="0 micro-units are owed"):
        await draw(town, deposit.id, 1)
    await town.sql(
        "WITH j AS (INSERT INTO journal (kind, source, currency, entries, entries_micro, postings,"
        " posted_at) VALUES ('adjustment', 't', 'CNY', 1, $2, 1, now()) RETURNING id), "
        "e AS (INSERT INTO entry (journal_id, number, account_id, amount_micro, sub_account) "
        "SELECT id, 0, $1, $2, 'credit' FROM j), "
        "p AS (INSERT INTO posting SELECT id, 'suspense', -$2::bigint FROM j) "
        "UPDATE account SET balance_micro = balance_micro + $2 WHERE id = $1",
        account_id, -town.balance_micro - 300,
    )  # fmt: skip
    await draw(town, deposit.id, 300)
    assert await stands(town) == (0, {"deposit": 200})


async def test_the_same_key_again_changes_nothing_and_never_something_else(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    deposit = await hold(town, cash(town), Place.BANK)
    assert await hold(town, cash(town), Place.BANK) == deposit
    once = await draw(town, deposit.id, 100, debt.id)
    assert await draw(town, deposit.id, 100, debt.id) == once
    with pytest.raises(KeyUsedBefore):
        await draw(town, deposit.id, 101, debt.id)
    with pytest.raises(UnknownDeposit):
        await draw(town, new_id(), 100, debt.id)
    other = await hold(town, cash(town, 5), Place.BANK, key="k-8")
    with pytest.raises(KeyUsedBefore):
        await draw(town, other.id, 100, debt.id)
    assert (await stands(town))[1] == {"debt": -OWED_MICRO + 100, "deposit": 605}


async def test_a_key_of_another_account_or_of_other_terms_is_no_success(town: Owing) -> None:
    deposit = await hold(town, cash(town), Place.BANK)
    with pytest.raises(KeyUsedBefore, match=str(deposit.id)):
        await hold(town, cash(town), Place.BANK, number=1)
    with pytest.raises(KeyUsedBefore):
        await hold(town, cash(town, reference="receipt 2"), Place.BANK)
    with pytest.raises(KeyUsedBefore):
        await hold(town, cash(town, valid_from=town.today + DAYS), Place.BANK)
    assert (await stands(town))[1] == {"deposit": 700}


async def test_killed_in_the_middle_of_a_draw_nothing_is_half_done(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    deposit = await hold(town, cash(town), Place.BANK)
    before = await stands(town)
    with pytest.raises(Killed):
        dying = Dying(town, after=0, inside=True)
        await draw(town, deposit.id, 100, debt.id, open_unit=dying)
    assert await stands(town) == before
    (found,) = await DepositQueries(town.database).deposits(
        account_id=None, open_=True, ends_before=None, without_line=None, before=None, limit=9
    )
    assert found == deposit
    await draw(town, deposit.id, 100, debt.id)
    assert (await stands(town))[1] == {"debt": -OWED_MICRO + 100, "deposit": 600}


async def test_the_end_of_a_guarantee_is_told_before_it_comes(town: Owing) -> None:
    await hold(town, paper(town))
    queries = DepositQueries(town.database)
    assert await queries.ending(town.today) == (0, 0)
    assert await queries.ending(town.today + DAYS) == (1, 0)
    assert await queries.ending(town.today + 30 * DAYS) == (1, 0)
    assert await queries.ending(town.today + 31 * DAYS) == (0, 1)
    found = await queries.deposits(
        account_id=None,
        open_=None,
        ends_before=town.today + 31 * DAYS,
        without_line=None,
        before=None,
        limit=9,
    )
    assert len(found) == 1
