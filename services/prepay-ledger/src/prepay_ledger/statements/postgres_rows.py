"""Rows of statements, as values."""

from typing import Any, Protocol

from prepay_ledger.statements.values import Amounts, PeriodKey, Statement


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_statement(row: Columns) -> Statement:
    """From its row."""
    return Statement(
        id=row["id"],
        number=row["number"],
        key=PeriodKey(row["account_id"], row["agreement_id"], row["period_first"]),
        account_number=row["account_number"],
        currency=row["currency"],
        period_end=row["period_end"],
        energy_wh=row["energy_wh"],
        charged=row["charged"],
        amounts=Amounts(
            brought_micro=row["brought_micro"],
            charged_micro=row["charged_micro"],
            corrected_micro=row["corrected_micro"],
            paid_micro=row["paid_micro"],
            given_micro=row["given_micro"],
            late_micro=row["late_micro"],
            owed_micro=row["owed_micro"],
        ),
        posted_total_micro=row["posted_total_micro"],
        paid_total_micro=row["paid_total_micro"],
        late_total_micro=row["late_total_micro"],
        due_on=row["due_on"],
        issued_at=row["issued_at"],
    )
