"""What is charged for statements' late days from now on is posted, as the difference: one journal
for all of a currency."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Protocol
from uuid import UUID

from prepay_ledger.adjustments.tell_balance import balance_event
from prepay_ledger.events import Publishes
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Balance, Entry, Journal, UtilityAccount
from prepay_ledger.late_charges.ports import HasLateCharges
from prepay_ledger.late_charges.values import LATE_CHARGE, LateChargeRow, Wanted
from prewatt_common.ids import new_id


class Posts(HasLateCharges, HasJournals, Publishes, Protocol):
    """What a transaction that posts them has."""


async def post_charges(
    unit: Posts, wanted: Sequence[Wanted], *, now: datetime
) -> tuple[Sequence[LateChargeRow], Mapping[UUID, Balance]]:
    """A row for each that is charged otherwise than before, and the balances that these have moved,
    by account. The caller holds the accounts, so each statement's next number is nobody else's."""
    moved = sorted((each for each in wanted if each.amount_micro), key=_currency)
    rows: list[LateChargeRow] = []
    balances: dict[UUID, Balance] = {}
    for _, some in groupby(moved, key=_currency):
        posted, left = await _post(unit, list(some), now=now)
        rows += posted
        balances |= {each.account_id: each for each in left}
    return rows, balances


async def _post(
    unit: Posts, wanted: Sequence[Wanted], *, now: datetime
) -> tuple[Sequence[LateChargeRow], Sequence[Balance]]:
    moved_micro = {each.account.id: 0 for each in wanted}
    for each in wanted:
        moved_micro[each.account.id] -= each.amount_micro
    total = -sum(moved_micro.values())
    journal = Journal(
        kind=LATE_CHARGE,
        source=str(new_id()),
        currency=wanted[0].account.currency,
        entries=tuple(
            Entry(account_id, micro) for account_id, micro in moved_micro.items() if micro
        ),
        postings={UtilityAccount.REVENUE_LATE: total} if total else {},
    )
    journal_id, balances = await unit.journals.post(journal, at=now)
    rows = [_row(each, journal_id, now) for each in wanted]
    await unit.late_charges.add(rows)
    # Told by the first of an account's rows.
    sources = {each.account_id: each.id for each in reversed(rows)}
    await unit.publish(
        [
            balance_event(journal, balance, source=sources[balance.account_id], at=now)
            for balance in balances
        ]
    )
    return rows, balances


def _row(wanted: Wanted, journal_id: int, now: datetime) -> LateChargeRow:
    after = wanted.after
    return LateChargeRow(
        id=new_id(),
        statement_id=after.statement_id,
        account_id=wanted.account.id,
        number=wanted.before.number + 1,
        through=after.through,
        amount_micro=wanted.amount_micro,
        accrued_micro=after.posted.accrued_micro,
        waived_micro=after.posted.waived_micro,
        currency=wanted.account.currency,
        policy_number=after.policy_number,
        customer_class=after.customer_class,
        spans=after.spans,
        journal_id=journal_id,
        at=now,
    )


def _currency(wanted: Wanted) -> str:
    return wanted.account.currency
