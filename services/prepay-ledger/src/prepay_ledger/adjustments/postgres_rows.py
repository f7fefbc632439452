"""Adjustments and transfers from their rows."""

from sqlalchemy import RowMapping

from prepay_ledger.adjustments.values import (
    Adjustment,
    AdjustmentOrder,
    Cause,
    Transfer,
    TransferOrder,
)


def to_adjustment(row: RowMapping) -> Adjustment:
    """From its row."""
    order = AdjustmentOrder(
        key=row["key"],
        account_id=row["account_id"],
        amount_micro=row["amount_micro"],
        cause=Cause(row["cause"]),
        may_overdraw=row["may_overdraw"],
        who=row["who"],
        reason=row["reason"],
    )
    return Adjustment(
        id=row["id"],
        order=order,
        currency=row["currency"],
        balance_micro=row["balance_micro"],
        proposal_id=row["proposal_id"],
        journal_id=row["journal_id"],
        at=row["at"],
    )


def to_transfer(row: RowMapping) -> Transfer:
    """Likewise."""
    order = TransferOrder(
        key=row["key"],
        from_account_id=row["from_account_id"],
        to_account_id=row["to_account_id"],
        amount_micro=row["amount_micro"],
        may_overdraw=row["may_overdraw"],
        who=row["who"],
        reason=row["reason"],
    )
    return Transfer(
        id=row["id"],
        order=order,
        currency=row["currency"],
        from_balance_micro=row["from_balance_micro"],
        to_balance_micro=row["to_balance_micro"],
        proposal_id=row["proposal_id"],
        journal_id=row["journal_id"],
        at=row["at"],
    )
