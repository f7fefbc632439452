"""Rows of refunds and their steps, as values."""

from typing import Any, Protocol

from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.values import (
    BackState,
    Payee,
    Refund,
    RefundState,
    Step,
    StepAction,
    Way,
)

REFUND = """
SELECT r.*, p.holder, p.bank_account, p.bank_code, b.state AS provider_state,
       b.code AS provider_code, b.other_micro
FROM refund AS r JOIN refund_payee AS p ON p.id = r.payee_id
LEFT JOIN refund_back AS b ON b.refund_id = r.id
"""
"""With whom it goes to, and how far its provider is."""


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_payee(row: Columns) -> Payee:
    """From its row."""
    return Payee(holder=row["holder"], bank_account=row["bank_account"], bank_code=row["bank_code"])


def to_refund(row: Columns) -> Refund:
    """From a row of `REFUND`."""
    return Refund(
        id=row["id"],
        account_id=row["account_id"],
        amount_micro=row["amount_micro"],
        currency=row["currency"],
        way=Way(row["way"]),
        payee_id=row["payee_id"],
        payee=to_payee(row),
        state=RefundState(row["state"]),
        ordered_at=row["ordered_at"],
        paid_by=row["paid_by"],
        paid_in_sum=row["paid_in_sum"],
        returned_by=row["returned_by"],
        returned_in_sum=row["returned_in_sum"],
        returned_micro=row["returned_micro"],
        payment=row["payment"],
        provider_state=None if row["provider_state"] is None else BackState(row["provider_state"]),
        provider_code=row["provider_code"] or "",
        given_micro=row["other_micro"],
    )


def to_step(row: Columns) -> Step:
    """From its row."""
    return Step(
        id=row["id"],
        refund_id=row["refund_id"],
        action=StepAction(row["action"]),
        amount_micro=row["amount_micro"],
        key=row["key"],
        decided=Decided(by=row["who"], reason=row["reason"], at=row["at"]),
        journal_id=row["journal_id"],
        bank_line=row["bank_line"],
        slip=row["slip"],
    )
