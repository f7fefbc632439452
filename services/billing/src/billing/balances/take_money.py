"""Use cases: what accounts were given, and balances that moved without a charge, are kept."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from billing.balances.ports import BalanceStore
from billing.balances.values import Credit
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedBalance
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    Credited,
    PaymentTakenBack,
    ToppedUp,
)
from prewatt_common.kafka.decoding import Delivered

OPENING = "opening"
Given: TypeAlias = AccountOpened | ToppedUp | Credited | PaymentTakenBack
"""What moves a balance without a charge."""


async def take_credits(*, store: BalanceStore, batch: Sequence[Delivered[Given]]) -> None:
    """Handle ``batch``. Of the same credit told twice the later one holds."""
    found = {(each.account_id, each.source): each for each in _credits(batch)}
    ordered = sorted(found, key=lambda place: (place[0].int, place[1]))
    await store.put_credits([found[place] for place in ordered])


async def take_strays(*, store: BalanceStore, batch: Sequence[Delivered[ChargesPosted]]) -> None:
    """Handle the balances of ``batch`` that stand apart from its charges."""
    newest: dict[object, PostedBalance] = {}
    for event, _ in batch:
        for each in event.balances:
            known = newest.get(each.account_id)
            if known is None or each.number > known.number:
                newest[each.account_id] = each
    await store.put_strays(sorted(newest.values(), key=lambda each: each.account_id))


def _credits(batch: Iterable[Delivered[Given]]) -> Iterable[Credit]:
    for event, _ in batch:
        match event:
            case AccountOpened():
                source, amount_micro = OPENING, event.balance_micro
            case ToppedUp():
                source, amount_micro = f"{event.provider}/{event.payment_id}", event.amount_micro
            case Credited():
                source, amount_micro = f"{event.kind}/{event.source}", event.amount_micro
            case PaymentTakenBack():
                source = f"taken-back/{event.journal_id}"
                amount_micro = -event.amount_micro
        yield Credit(
            account_id=event.account_id,
            source=source,
            amount_micro=amount_micro,
            balance_number=event.balance_number,
            balance_micro=event.balance_micro,
            paid_at=event.at if isinstance(event, ToppedUp) else None,
        )
