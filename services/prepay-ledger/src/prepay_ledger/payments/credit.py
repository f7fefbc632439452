"""A payment's money reaches its account: journal, event and supply review in one go."""

from dataclasses import dataclass
from datetime import datetime

from prepay_ledger.balances.values import Account
from prepay_ledger.events import account_event
from prepay_ledger.journal.values import Entry, Journal
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import Payment
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_events_v1 import ToppedUp


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
    account: Account,
    kind: str,
    taken_from: str,
    decided: Decided | None,
    now: datetime,
) -> int:
    """Moves the amount from the ledger account ``taken_from`` to ``account``, whose row is locked.
    Gives the journal's id."""
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
    event = ToppedUp(
        account_id=account.id,
        payment_id=payment.payment_id,
        provider=payment.provider,
        amount_micro=payment.amount_micro,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=payment.currency,
        at=now,
        assigned_by=decided.who if decided else None,
        assigned_reason=decided.reason if decided else None,
    )
    await unit.publish([account_event(event, account_id=account.id, at=now)])
    await review(unit, [account.id], now=now, caused_at=now)
    return journal_id
