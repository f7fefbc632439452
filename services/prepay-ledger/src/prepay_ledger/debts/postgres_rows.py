"""Rows of debts, as values, and when a debt has something due."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prepay_ledger.debts.values import BillCause, Debt, Instalment, Origin
from prepay_ledger.facts.values import Decided
from prewatt_common.db.database import DriverConnection

IS_DUE = """d.left_micro > 0 AND (d.paused_until IS NULL OR d.paused_until <= $2)
  AND (SELECT d.paid_micro - d.plan_paid_micro
                  < coalesce(sum(i.amount_micro) FILTER (WHERE i.due_on <= $2), 0)
              OR max(i.due_on) <= $2
       FROM debt_instalment AS i WHERE i.debt_id = d.id)"""
"""Of a debt ``d``: an instalment up to the day ``$2`` is not paid."""
_INSTALMENTS = """
SELECT debt_id, due_on, amount_micro FROM debt_instalment WHERE debt_id = ANY($1::uuid[])
ORDER BY debt_id, number
"""


async def to_debts(connection: DriverConnection, rows: Sequence[Any]) -> Sequence[Debt]:
    """Debts from their rows, with their instalments."""
    if not rows:
        return ()
    plans: dict[UUID, list[Instalment]] = {}
    for debt_id, *instalment in await connection.fetch(_INSTALMENTS, [row["id"] for row in rows]):
        plans.setdefault(debt_id, []).append(Instalment(*instalment))
    return [_debt(row, plans) for row in rows]


def _debt(row: Any, plans: Mapping[UUID, Sequence[Instalment]]) -> Debt:
    planned = None
    if row["planned_by"] is not None:
        planned = Decided(by=row["planned_by"], reason=row["plan_reason"], at=row["planned_at"])
    same = (
        "id", "account_id", "source", "our_fault", "used_until", "currency", "amount_micro",
        "paid_micro", "lowered_micro", "written_off_micro", "paused_until", "created_at",
        "topup_share_ppm", "plan_paid_micro", "taken_month", "taken_micro",
    )  # fmt: skip
    return Debt(
        **{name: row[name] for name in same},
        origin=Origin(row["agreement_id"], row["period_first"]),
        cause=BillCause(row["cause"]),
        plan=plans.get(row["id"], ()),
        planned=planned,
        instalments=row["plan_instalments"],
        first_due=row["plan_first_due"],
    )
