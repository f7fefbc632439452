"""A payment's money reaches its account: journal, event and supply review in one go."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.conditions.tell_condition import end_payment_in_flight
from prepay_ledger.debts.pay_off import pay_collected, pay_from_topup
from prepay_ledger.debts.values import Collecting
from prepay_ledger.emergency_credits.follow_money import active_micro, repaid_micro
from prepay_ledger.events import account_event
from prepay_ledger.facts import values as facts
from prepay_ledger.journal.values import Entry, Journal
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import Payment, Topup
from prepay_ledger.prepay_agreements.load_policy import maximum_balance_micro
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_events_v1 import PaidOff, ToppedUp


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided something about money, and why."""

    who: str
    """The subject of the token that it was asked with."""
    reason: str


async def credit(
    unit: Unit,
    *,
    review: SupplyReview,
    payment: Payment,
    payment_id: UUID,
    account: Account,
    kind: str,
    taken_from: str,
    decided: Decided | None,
    now: datetime,
    of: Collecting | None = None,
) -> Topup:
    """Moves the amount from the ledger account ``taken_from`` to ``account``, whose row is locked.
    There it pays the instalment that it was collected for (``of``), then repays emergency credit,
    then pays what was agreed of the rest to debts. If it was announced as in flight, it no longer
    is. ``payment_id``: ours."""
    journal_id, (balance,) = await unit.journals.post(
        Journal(
            kind=kind,
            source=f"{payment.provider}/{payment.payment_id}",
            currency=payment.currency,
            entries=(Entry(account.id, payment.amount_micro),),
            postings={taken_from: -payment.amount_micro},
        ),
        at=now,
    )
    collected_micro = 0
    if of is not None:
        collected_micro, balance = await pay_collected(
            unit,
            account,
            payment.amount_micro,
            balance,
            of=of,
            payment=payment_id,
            journal_id=journal_id,
            at=now,
        )
    rest_micro = payment.amount_micro - collected_micro
    repaid = repaid_micro(account, rest_micro)
    paid = await pay_from_topup(
        unit,
        account,
        rest_micro - repaid,
        balance,
        payment=payment_id,
        journal_id=journal_id,
        at=now,
    )
    paid_off = dict(paid.paid_off)
    if of is not None and collected_micro:
        paid_off[of.debt_id] = paid_off.get(of.debt_id, 0) + collected_micro
    balance_micro = paid.balance.balance_micro
    active = await active_micro(unit, account, balance_micro=balance_micro, now=now)
    most_micro = await maximum_balance_micro(unit, account.id, currency=account.currency, at=now)
    above = 0 if most_micro is None else max(0, balance_micro - most_micro)
    topup = Topup(
        account_id=account.id,
        journal_id=journal_id,
        amount_micro=payment.amount_micro,
        repaid_micro=repaid,
        paid_off=paid_off,
        balance_micro=balance_micro,
        left_micro=balance_micro + account.overdraft_micro + active,
        above_maximum_micro=min(above, payment.amount_micro),
    )
    event = ToppedUp(
        account_id=account.id,
        payment_id=payment.payment_id,
        provider=payment.provider,
        amount_micro=payment.amount_micro,
        balance_micro=balance_micro,
        balance_number=paid.balance.number,
        currency=payment.currency,
        at=now,
        assigned_by=decided.who if decided else None,
        assigned_reason=decided.reason if decided else None,
        paid_off_micro=topup.debts_micro,
        owed_micro=paid.owed_micro,
        repaid_micro=repaid,
        left_micro=topup.left_micro,
        paid_off=tuple(
            PaidOff(debt_id=debt_id, amount_micro=micro)
            for debt_id, micro in sorted(paid_off.items())
            if micro
        ),
    )
    await unit.publish([account_event(event, account_id=account.id, at=now)])
    await end_payment_in_flight(
        unit=unit,
        account_id=account.id,
        reference=payment.payment_id,
        decided=facts.Decided(
            by=decided.who if decided else payment.provider,
            reason=decided.reason if decided else "its money was credited",
            at=now,
        ),
    )
    await review(unit, [account.id], now=now, caused_at=now)
    return topup
