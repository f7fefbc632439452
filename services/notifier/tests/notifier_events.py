"""Events of the ledger, and contacts, that tests tell the notifier of."""

from itertools import count

from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import (
    LowBalance,
    SupplyChanged,
    SupplyState,
    ToppedUp,
)

_numbers = count(1)


def next_number() -> int:
    """Of a balance: each event that a test makes is newer than those that it made before."""
    return next(_numbers)


def low(account_id, balance_micro=12_345_678):
    return LowBalance(
        account_id=account_id,
        balance_micro=balance_micro,
        balance_number=next_number(),
        threshold_micro=20_000_000,
        currency="CNY",
        at=utc_now(),
    )


def topped_up(account_id, balance_micro=62_345_678):
    return ToppedUp(
        balance_number=next_number(),
        account_id=account_id,
        payment_id="p-1",
        provider="demo",
        amount_micro=50_000_000,
        balance_micro=balance_micro,
        currency="CNY",
        at=utc_now(),
    )


def supply(account_id, state, previous):
    return SupplyChanged(
        account_id=account_id,
        meter_ids=("m-1",),
        previous=previous,
        state=state,
        decision_id=None,
        rules=(),
        balance_micro=0,
        balance_number=next_number(),
        currency="CNY",
        at=utc_now(),
    )


def mail_contact(account_id_or_name, language="en", **more):
    address = f"{account_id_or_name}@home.example"
    return {"language": language, "email": address, "channels": ["email"]} | more


def off(account_id):
    return supply(account_id, SupplyState.DISCONNECTED, SupplyState.DISCONNECTING)
