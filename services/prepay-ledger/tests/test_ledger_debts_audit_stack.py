"""Debts derived anew from the journal: the first that differs is named."""

from datetime import timedelta

import pytest
from ledger_owing import FIRST_DUE, Owing, owing_town

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind
from prepay_ledger.debts.postgres import _DUE, _LOCK_OF
from prepay_ledger.debts.postgres_audit import audit_debts_of
from prepay_ledger.debts.write_off_debt import carry_out_write_off, propose_write_off
from prepay_ledger.unit import PostgresUnit

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)


async def found_after(town: Owing, statement: str) -> list[str]:
    """What is found after a change past the ledger, which is undone again."""
    connection = await town.connect()
    try:
        changed = connection.transaction()
        await changed.start()
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)
        found = [str(each) async for each in audit_debts_of(connection)]
        await changed.rollback()
    finally:
        await connection.close()
    return found


async def lived(town: Owing) -> None:
    """A debt that is paid in part, and written off in part."""
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 4)
    await town.pay(account_id, FIRST_DUE)
    async with town.unit() as unit:
        one = await propose_write_off(
            unit=unit, debt_id=debt.id, amount_micro=300, term=timedelta(days=7),
            decided=town.decided("ann"),
        )  # fmt: skip
        approve = ApproveProposal[PostgresUnit]({ActKind.DEBT_WRITE_OFF: carry_out_write_off})
        await approve(unit, proposal_id=one.id, decided=town.decided("bob"))
    await town.owe(source="edit/2")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE debt SET paid_micro = paid_micro - 1 WHERE paid_micro > 0", "paid 249, its"),
        ("UPDATE debt SET lowered_micro = 7 WHERE paid_micro > 0", "billed 993, its journals"),
        ("UPDATE debt SET amount_micro = amount_micro + 1 WHERE paid_micro > 0", "billed 1001"),
        ("UPDATE debt SET written_off_micro = 299 WHERE paid_micro > 0", "written off 299, its"),
        ("UPDATE sub_balance SET amount_micro = -9 WHERE sub_account = 'debt'", "owes 9 micro"),
        ("UPDATE corrected_bill SET barred_micro = 299", "299 micro-units were written off"),
        ("DELETE FROM debt WHERE paid_micro = 0", "has journals, and is not there"),
        ("UPDATE proposal_outcome SET action = 'refused'", "300 micro-units were written off"),
    ],
)
async def test_what_differs_is_named(town: Owing, statement: str, said: str) -> None:
    await lived(town)
    assert await found_after(town, "SELECT") == []
    await town.holds()
    assert any(said in each for each in await found_after(town, statement))


async def test_what_is_due_is_found_by_open_debts_alone(town: Owing) -> None:
    """Of 100,000 accounts that once owed something, a hundred still do."""
    account_id = await town.owe()
    await town.sql(
        "INSERT INTO account (id, number, currency, low_balance_micro, overdraft_micro, "
        "protected, supply_state, opened_at, balance_micro) "
        "SELECT gen_random_uuid(), 'many-' || n, currency, 0, 0, false, supply_state, opened_at, 0 "
        "FROM account, generate_series(1, 100000) AS n WHERE id = $1",
        account_id,
    )
    await town.sql(
        "INSERT INTO debt (id, account_id, source, agreement_id, period_first, cause, our_fault, "
        "used_until, currency, amount_micro, paid_micro, created_at) "
        "SELECT gen_random_uuid(), id, number, (SELECT id FROM agreement LIMIT 1), '2026-01-01', "
        "'edit', false, '2026-01-31', 'CNY', 100, "
        "CASE WHEN number LIKE '%77' THEN 50 ELSE 100 END, now() "
        "FROM account WHERE number LIKE 'many-%'"
    )
    await town.sql(
        "INSERT INTO debt_instalment (debt_id, number, due_on, amount_micro) "
        "SELECT id, 1, '2026-02-01', 100 FROM debt WHERE source LIKE 'many-%'"
    )
    await town.sql("ANALYZE")
    for query, values in (
        (_DUE, ("in-cny", FIRST_DUE, None, 200)),
        (_DUE, ("in-cny", FIRST_DUE, account_id, 200)),
        (_LOCK_OF, (account_id,)),
    ):
        rows = await town.sql(f"EXPLAIN {query}", *values)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan on debt" not in plan, plan
        assert "debt_open" in plan, plan
