"""Customers are reminded of statements that are overdue and open, once a statement and step."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.events import Publishes, account_event
from prepay_ledger.late_charges.ports import HasLateCharges
from prepay_ledger.late_charges.rules import Paid, is_payable, step_due
from prepay_ledger.late_charges.values import Claim, Ground, Reminder, Terms
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.providers.amounts import whole_minor
from prepay_ledger.supply.ports import PayUrls
from prewatt_common.contracts.ledger_events_v1 import PaymentReminder
from prewatt_common.ids import new_id


class Reminds(HasLateCharges, HasPayLinks, Publishes, Protocol):
    """What a transaction that reminds has."""


async def remind(
    unit: Reminds,
    account: Account,
    ground: Ground,
    *,
    terms: Sequence[Terms],
    paid: Paid,
    late_micro: int,
    pay_urls: PayUrls | None,
    today: date,
    now: datetime,
) -> None:
    """The caller holds the account, as whoever credits a payment does: what was paid before this is
    not asked for, and what is paid after it withdraws what was not sent yet. Nor is what the
    customer's bank was told to pay, until that came to nothing. ``late_micro``: all late charges;
    they are in the account's balance. ``pay_urls``: none where pay links are not set up."""
    so_far = paid.by(today)
    overdue = [each for each in ground.claims if each.due_on < today]
    overdue_micro = sum(each.open_micro(so_far) for each in overdue)
    for claim, its in zip(ground.claims, terms, strict=True):
        open_micro = claim.open_micro(so_far)
        told = ground.reminded.get(claim.statement_id, ())
        if not is_payable(claim.open_micro(so_far + ground.awaited_micro), account.currency):
            continue
        step = step_due(claim, its, told=told, today=today)
        if step is None:
            continue
        reminder = Reminder(
            id=new_id(),
            statement_id=claim.statement_id,
            account_id=account.id,
            step_days=step,
            open_micro=open_micro,
            currency=account.currency,
            policy_number=its.policy_number,
            customer_class=its.customer_class,
            at=now,
        )
        await unit.late_charges.add_reminder(reminder)
        urls: Mapping[UUID, str] = {}
        if pay_urls is not None:
            urls = await pay_urls(unit, [account.id], now=now)
        event = _event(
            reminder,
            claim,
            overdue_micro=overdue_micro,
            late_micro=late_micro,
            settled_at_micro=account.balance_micro
            + whole_minor(claim.to_micro - so_far, account.currency),
            account=account,
            pay_url=urls.get(account.id),
        )
        await unit.publish([account_event(event, account_id=account.id, at=now)])


def _event(
    reminder: Reminder,
    claim: Claim,
    *,
    overdue_micro: int,
    late_micro: int,
    settled_at_micro: int,
    account: Account,
    pay_url: str | None,
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
        balance_micro=account.balance_micro,
        balance_number=account.balance_number,
        pay_url=pay_url,
        currency=reminder.currency,
        at=reminder.at,
    )
