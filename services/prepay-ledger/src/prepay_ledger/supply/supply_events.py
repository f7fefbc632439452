"""What others are told of supply."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from prepay_ledger.events import account_event
from prepay_ledger.supply.decide import is_told_exhausted, warning
from prepay_ledger.supply.decided import Decided
from prepay_ledger.supply.limit import limit_of
from prewatt_common.contracts.ledger_events_v1 import (
    BalanceExhausted,
    LowBalance,
    MoneyEnds,
    SupplyChanged,
    SupplyState,
    WarnedBy,
)
from prewatt_common.kafka.messages import Message

_MEASURED = (WarnedBy.TOPUP, WarnedBy.DAYS_LEFT)
METERS_TOLD_MAX = 1_000
"""An event that names every lamp of a city would be larger than Kafka takes."""


def events_of(decided: Decided, *, ends: Mapping[UUID, MoneyEnds], now: datetime) -> list[Message]:
    """What is told of a decision that changed something, in the order in which it is. ``ends``:
    when the money of accounts will probably end, as far as anybody knows."""
    view, settled = decided.view, decided.settled
    account = view.account
    messages: list[Message] = []
    limit = warning(decided.facts)
    if limit is not None:
        low = LowBalance(
            account_id=account.id,
            balance_micro=account.balance_micro,
            threshold_micro=limit.micro,
            warned_by=limit.by,
            measure=limit.measure if limit.by in _MEASURED else None,
            ends=ends.get(account.id),
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(low, account_id=account.id, at=now))
    if is_told_exhausted(decided.facts, settled.decision):
        exhausted = BalanceExhausted(
            account_id=account.id,
            balance_micro=account.balance_micro,
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(exhausted, account_id=account.id, at=now))
    if not decided.changes:
        return messages
    changed = SupplyChanged(
        account_id=account.id,
        meter_ids=tuple(each.meter_id for each in view.relays)[:METERS_TOLD_MAX],
        previous=account.supply_state,
        state=settled.state,
        decision_id=decided.id,
        rules=(*settled.fired, *settled.held),
        limit_w=_limit_w(decided),
        balance_micro=account.balance_micro,
        currency=account.currency,
        at=now,
    )
    messages.append(account_event(changed, account_id=account.id, at=now))
    return messages


def _limit_w(decided: Decided) -> int | None:
    if decided.settled.state is not SupplyState.LIMITED:
        return None
    return limit_of(decided.grounds.rules, decided.view.relays)
