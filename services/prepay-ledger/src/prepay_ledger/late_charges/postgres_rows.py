"""Late charges from their rows, and what they are reckoned from."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from prepay_ledger.balances.values import Account
from prepay_ledger.late_charges.rules import claims_of
from prepay_ledger.late_charges.values import (
    Asked,
    Charged,
    Ground,
    Held,
    LateChargeRow,
    Movement,
    Period,
    Posted,
    Reminder,
    Span,
    Waiver,
    WaiverOrder,
)

CHARGES = "SELECT c.*, c.spans::text AS spans_text FROM late_charge AS c"


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_ground(
    account: Account,
    *,
    first_day: date,
    closing_micro: int,
    statements: Sequence[Columns],
    periods: Sequence[Columns],
    movements: Sequence[Columns],
    posted: Sequence[Columns],
    reminded: Sequence[Columns],
    disputed: Sequence[Columns],
    protected: Sequence[Columns],
    awaited_micro: int,
    presented: Sequence[Columns],
) -> Ground:
    """``closing_micro``: what the balance had as the account became post-paid, from ``first_day``
    on. What bills of before gave back since is what is left of the balance's move; it counts as
    paid from the first day on. What they took costs nothing late."""
    moved = [Movement(row["day"], row["amount_micro"]) for row in movements if not row["is_late"]]
    given_back = (
        account.balance_micro
        - closing_micro
        + sum(each["posted_micro"] for each in periods)
        - sum(row["amount_micro"] for row in movements)
    )
    if given_back > 0:
        moved.append(Movement(first_day, given_back))

    def asked(row: Columns) -> Asked:
        since = sum(
            each["posted_micro"] for each in periods if each["period_first"] <= row["period_first"]
        )
        micro = min(row["posted_total_micro"], since) - closing_micro
        period = Period(row["period_first"], row["period_end"])
        return Asked(row["id"], row["number"], period, row["due_on"], micro)

    return Ground(
        claims=claims_of([asked(row) for row in statements], came_with_micro=closing_micro),
        movements=moved,
        posted={
            row["statement_id"]: Posted(row["number"], row["accrued_micro"], row["waived_micro"])
            for row in posted
        },
        reminded={row["statement_id"]: row["steps"] for row in reminded},
        disputed=[Held(row["since"], row["until"]) for row in disputed],
        protected=[Held(row["since"], row["until"]) for row in protected],
        awaited_micro=awaited_micro,
        presented=[Movement(row["day"], row["amount_micro"]) for row in presented],
    )


def values_of(row: LateChargeRow) -> Sequence[object]:
    """In the order of its columns."""
    return (
        row.id,
        row.statement_id,
        row.account_id,
        row.number,
        row.through,
        row.amount_micro,
        row.accrued_micro,
        row.waived_micro,
        row.currency,
        row.policy_number,
        row.customer_class,
        json.dumps(
            [
                [str(each.first), str(each.last), each.open_micro, each.rate_ppm]
                for each in row.spans
            ]
        ),
        row.journal_id,
        row.at,
    )


def to_late_charge(row: Columns) -> LateChargeRow:
    """From its row."""
    return LateChargeRow(
        id=row["id"],
        statement_id=row["statement_id"],
        account_id=row["account_id"],
        number=row["number"],
        through=row["through"],
        amount_micro=row["amount_micro"],
        accrued_micro=row["accrued_micro"],
        waived_micro=row["waived_micro"],
        currency=row["currency"],
        policy_number=row["policy_number"],
        customer_class=row["customer_class"],
        spans=[
            Span(date.fromisoformat(first), date.fromisoformat(last), micro, rate)
            for first, last, micro, rate in json.loads(row["spans_text"])
        ],
        journal_id=row["journal_id"],
        at=row["at"],
    )


def to_charged(row: Columns) -> Charged:
    """From a statement's newest row."""
    return Charged(account_id=row["account_id"], currency=row["currency"], last=to_late_charge(row))


def to_waiver(row: Columns) -> Waiver:
    """From its row."""
    return Waiver(
        id=row["id"],
        order=WaiverOrder(
            key=row["key"],
            statement_id=row["statement_id"],
            amount_micro=row["amount_micro"],
            who=row["who"],
            reason=row["reason"],
        ),
        account_id=row["account_id"],
        currency=row["currency"],
        proposal_id=row["proposal_id"],
        charge_id=row["charge_id"],
        at=row["at"],
    )


def to_reminder(row: Columns) -> Reminder:
    """From its row."""
    return Reminder(
        id=row["id"],
        statement_id=row["statement_id"],
        account_id=row["account_id"],
        step_days=row["step_days"],
        open_micro=row["open_micro"],
        currency=row["currency"],
        policy_number=row["policy_number"],
        customer_class=row["customer_class"],
        at=row["at"],
    )
