"""Late charges from their rows, and what they are reckoned from."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
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

COLUMNS = (
    "id", "statement_id", "account_id", "number", "through", "amount_micro", "accrued_micro",
    "waived_micro", "currency", "policy_number", "customer_class", "spans", "journal_id", "at",
)  # fmt: skip
"""Of late charges, in the order of `values_of`."""
REMINDER = tuple(Reminder.__dataclass_fields__)
"""Columns of reminders."""
CHARGES = "SELECT c.*, c.spans::text AS spans_text FROM late_charge AS c"


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_ground(
    account: Account,
    *,
    since: Columns,
    statements: Sequence[Columns],
    periods: Sequence[Columns],
    movements: Sequence[Columns],
    waived_before: Sequence[Columns],
    awaited: Sequence[Columns],
    disputed: Sequence[Columns],
    protected: Sequence[Columns],
) -> Ground:
    """``since``: what the balance had as the account became post-paid, from which day on. What
    bills of before gave back since is what is left of the balance's move; it counts as paid from
    that day on. What they took costs nothing late."""
    first_day, closing_micro = since["first_day"], since["closing_micro"]
    moved = [Movement(row["day"], row["amount_micro"]) for row in movements]
    posted = {row["id"]: _posted(row) for row in statements if row["posted_number"] is not None}
    late_micro = sum(each.charged_micro for each in posted.values())
    late_micro += sum(row["amount_micro"] for row in waived_before)
    given_back = (
        account.balance_micro
        - closing_micro
        + sum(each["posted_micro"] for each in periods)
        - sum(each.micro for each in moved)
        + late_micro
    )
    if given_back > 0:
        moved.append(Movement(first_day, given_back))
    return Ground(
        account=account,
        claims=claims_of(
            asked_of(statements, periods, closing_micro=closing_micro),
            came_with_micro=closing_micro,
        ),
        movements=moved,
        posted=posted,
        reminded={
            row["id"]: [row["step_days"]] for row in statements if row["step_days"] is not None
        },
        disputed=[Held(row["since"], row["until"]) for row in disputed],
        protected=[Held(row["since"], row["until"]) for row in protected],
        awaited_micro=sum(row["amount_micro"] for row in awaited),
        presented=[
            Movement(row["day"], row["amount_micro"]) for row in awaited if row["day"] is not None
        ],
    )


def asked_of(
    statements: Sequence[Columns], periods: Sequence[Columns], *, closing_micro: int
) -> list[Asked]:
    """What each statement asks for with all before it. The periods are summed once, in their
    order: an account may have five years of them."""
    ordered = sorted(periods, key=lambda each: each["period_first"])
    first_days = [each["period_first"] for each in ordered]
    totals = [0, *accumulate(each["posted_micro"] for each in ordered)]
    found: list[Asked] = []
    for row in statements:
        since = totals[bisect_right(first_days, row["period_first"])]
        micro = min(row["posted_total_micro"], since) - closing_micro
        period = Period(row["period_first"], row["period_end"])
        found.append(Asked(row["id"], row["number"], period, row["due_on"], micro))
    return found


def _posted(row: Columns) -> Posted:
    return Posted(row["posted_number"], row["accrued_micro"], row["waived_micro"])


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
