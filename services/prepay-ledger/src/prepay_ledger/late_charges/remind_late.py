"""Customers are reminded of statements that are overdue and open, once a statement and step."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from prepay_ledger.events import Publishes, account_event
from prepay_ledger.journal.values import Balance
from prepay_ledger.late_charges.late_look import Look
from prepay_ledger.late_charges.ports import HasLateCharges
from prepay_ledger.late_charges.rules import is_payable, step_due
from prepay_ledger.late_charges.values import Claim, Reminder
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.providers.amounts import whole_minor
from prepay_ledger.supply.ports import PayUrls
from prewatt_common.contracts.ledger_events_v1 import PaymentReminder
from prewatt_common.ids import new_id


class Reminds(HasLateCharges, HasPayLinks, Publishes, Protocol):
    """What a transaction that reminds has."""


async def remind(
    unit: Reminds,
    looks: Sequence[Look],
    *,
    moved: Mapping[UUID, Balance],
    pay_urls: PayUrls | None,
    today: date,
    now: datetime,
) -> None:
    """The caller holds the accounts, as whoever credits a payment does: what was paid before this
    is not asked for, and what is paid after it withdraws what was not sent yet. ``moved``: balances
    that this transaction has moved. ``pay_urls``: none where pay links are not set up."""
    found = [each for look in looks for each in reminders_of(look, moved, today=today, now=now)]
    if not found:
        return
    await unit.late_charges.add_reminders([reminder for reminder, _ in found])
    urls: Mapping[UUID, str] = {}
    if pay_urls is not None:
        urls = await pay_urls(unit, list({each.account_id for _, each in found}), now=now)
    await unit.publish(
        [
            account_event(
                msgspec.structs.replace(each, pay_url=urls.get(each.account_id)),
                account_id=each.account_id,
                at=now,
            )
            for _, each in found
        ]
    )


def reminders_of(
    look: Look, moved: Mapping[UUID, Balance], *, today: date, now: datetime
) -> Iterator[tuple[Reminder, PaymentReminder]]:
    """What is told of an account today. What the customer's bank was told to pay is not asked for,
    until that came to nothing."""
    ground, account = look.ground, look.ground.account
    balance = moved.get(account.id)
    so_far = look.came.by(today)
    overdue = [each for each in ground.claims if each.due_on < today]
    overdue_micro = sum(each.open_micro(so_far) for each in overdue)
    for claim, its in zip(ground.claims, look.terms, strict=True):
        if not is_payable(claim.open_micro(so_far + ground.awaited_micro), account.currency):
            continue
        told = ground.reminded.get(claim.statement_id, ())
        step = step_due(claim, its, told=told, today=today)
        if step is None:
            continue
        reminder = Reminder(
            id=new_id(),
            statement_id=claim.statement_id,
            account_id=account.id,
            step_days=step,
            open_micro=claim.open_micro(so_far),
            currency=account.currency,
            policy_number=its.policy_number,
            customer_class=its.customer_class,
            at=now,
        )
        yield (
            reminder,
            _event(
                reminder,
                claim,
                overdue_micro=overdue_micro,
                late_micro=look.late_micro,
                settled_at_micro=look.balance_micro
                + whole_minor(claim.to_micro - so_far, account.currency),
                balance_micro=look.balance_micro,
                balance_number=account.balance_number if balance is None else balance.number,
            ),
        )


def _event(
    reminder: Reminder,
    claim: Claim,
    *,
    overdue_micro: int,
    late_micro: int,
    settled_at_micro: int,
    balance_micro: int,
    balance_number: int,
) -> PaymentReminder:
    return PaymentReminder(
        account_id=reminder.account_id,
        statement_id=claim.statement_id,
        statement_number=claim.number,
        step_days=reminder.step_days,
        period_first=claim.period.first,
        period_end=claim.period.end,
        due_on=claim.due_on,
        open_micro=reminder.open_micro,
        overdue_micro=overdue_micro,
        late_micro=late_micro,
        settled_at_micro=settled_at_micro,
        balance_micro=balance_micro,
        balance_number=balance_number,
        pay_url=None,
        currency=reminder.currency,
        at=reminder.at,
    )
