"""Statements over HTTP. Money: integer micro-units; what is owed is above zero, credit below."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.statements.values import Statement


class StatementOut(BaseModel):
    """A period of a post-paid account as its customer was told. ``number``: of all statements, none
    left out. It covers the local days from ``period_first`` up to, without, ``period_end``.
    ``owed_micro`` is ``brought_micro`` (what the one before ended with), and what the period was
    ``charged``, by ledger account, and what earlier periods were ``corrected`` by since, and what
    was charged ``late`` since, without what was ``paid`` and ``given`` otherwise. Above zero it is
    to be paid by ``due_on``."""

    id: UUID
    number: int
    account_id: UUID
    account_number: str
    agreement_id: UUID
    period_first: date
    period_end: date
    currency: str
    energy_wh: int
    charged: dict[str, int]
    brought_micro: int
    charged_micro: int
    corrected_micro: int
    paid_micro: int
    given_micro: int
    late_micro: int
    owed_micro: int
    due_on: date
    issued_at: datetime


def statement_out(statement: Statement) -> StatementOut:
    """As it is shown."""
    amounts, key = statement.amounts, statement.key
    return StatementOut(
        id=statement.id,
        number=statement.number,
        account_id=key.account_id,
        account_number=statement.account_number,
        agreement_id=key.agreement_id,
        period_first=key.period_first,
        period_end=statement.period_end,
        currency=statement.currency,
        energy_wh=statement.energy_wh,
        charged=dict(statement.charged),
        brought_micro=amounts.brought_micro,
        charged_micro=amounts.charged_micro,
        corrected_micro=amounts.corrected_micro,
        paid_micro=amounts.paid_micro,
        given_micro=amounts.given_micro,
        late_micro=amounts.late_micro,
        owed_micro=amounts.owed_micro,
        due_on=statement.due_on,
        issued_at=statement.issued_at,
    )
