"""Rows of deposits and their steps, as values."""

from typing import Any, Protocol

from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, StepAction, Terms
from prepay_ledger.facts.values import Decided

STEPS = """
SELECT s.*, l.bank_line FROM deposit_step AS s LEFT JOIN deposit_line AS l ON l.step_id = s.id
"""
"""With the lines of the bank that they are."""
WAITS_FOR_BANK = "(s.place = 'bank' OR s.action = 'receive') AND l.step_id IS NULL"
"""Of `STEPS`: money of it came to a bank, or went from it, and no line is known to be that."""


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_deposit(row: Columns) -> Deposit:
    """From its row."""
    return Deposit(
        id=row["id"],
        account_id=row["account_id"],
        terms=Terms(
            kind=DepositKind(row["kind"]),
            amount_micro=row["amount_micro"],
            currency=row["currency"],
            issuer=row["issuer"],
            reference=row["reference"],
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
        ),
        drawn_micro=row["drawn_micro"],
        received_micro=row["received_micro"],
        released_micro=row["released_micro"],
    )


def to_step(row: Columns) -> Step:
    """From its row."""
    return Step(
        id=row["id"],
        deposit_id=row["deposit_id"],
        action=StepAction(row["action"]),
        amount_micro=row["amount_micro"],
        place=Place(row["place"]) if row["place"] else None,
        debt_id=row["debt_id"],
        key=row["key"],
        decided=Decided(by=row["who"], reason=row["reason"], at=row["at"]),
        journal_id=row["journal_id"],
        bank_line=row["bank_line"],
    )
