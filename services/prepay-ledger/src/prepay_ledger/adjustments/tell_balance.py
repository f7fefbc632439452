"""A balance that moved without a payment or a charge is told of."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.events import Publishes, account_event
from prepay_ledger.journal.values import Balance, Journal
from prewatt_common.contracts.ledger_events_v1 import Credited
from prewatt_common.kafka.messages import Message


async def tell_balance(
    unit: Publishes, journal: Journal, balance: Balance, *, source: UUID, at: datetime
) -> None:
    """Of one account of ``journal``. Billing counts it among what the account was given, and
    notices of a balance that is right again are withdrawn."""
    await unit.publish([balance_event(journal, balance, source=source, at=at)])


def balance_event(journal: Journal, balance: Balance, *, source: UUID, at: datetime) -> Message:
    """What is told then: where many accounts move, all of it at once."""
    moved = sum(e.amount_micro for e in journal.entries if e.account_id == balance.account_id)
    event = Credited(
        account_id=balance.account_id,
        kind=journal.kind,
        source=str(source),
        amount_micro=moved,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=journal.currency,
        at=at,
    )
    return account_event(event, account_id=balance.account_id, at=at)
