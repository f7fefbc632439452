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


def asks_for_money(decided: Decided) -> bool:
    """Whether the customer is told something that is put right by paying."""
    return (
        decided.warns
        or is_told_exhausted(decided.facts, decided.settled.decision)
        or _takes_supply(decided)
    )


def events_of(
    decided: Decided,
    *,
    ends: Mapping[UUID, MoneyEnds],
    pay_urls: Mapping[UUID, str],
    now: datetime,
) -> list[Message]:
    """What is told of a decision that changed something, in the order in which it is. ``ends``:
    when the money of accounts will probably end, as far as anybody knows. ``pay_urls``: of those
    who are asked for money."""
    view, settled = decided.view, decided.settled
    account = view.account
    pay_url = pay_urls.get(account.id)
    messages: list[Message] = []
    limit = warning(decided.facts)
    if limit is not None:
        low = LowBalance(
            account_id=account.id,
            balance_micro=account.balance_micro,
            balance_number=account.balance_number,
            threshold_micro=limit.micro,
            warned_by=limit.by,
            measure=limit.measure if limit.by in _MEASURED else None,
            ends=ends.get(account.id),
            pay_url=pay_url,
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(low, account_id=account.id, at=now))
    if is_told_exhausted(decided.facts, settled.decision):
        exhausted = BalanceExhausted(
            account_id=account.id,
            balance_micro=account.balance_micro,
            balance_number=account.balance_number,
            pay_url=pay_url,
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
        balance_number=account.balance_number,
        pay_url=pay_url if _takes_supply(decided) else None,
        currency=account.currency,
        at=now,
    )
    messages.append(account_event(changed, account_id=account.id, at=now))
    return messages


def _takes_supply(decided: Decided) -> bool:
    """Supply is off as of now, or limited: it is told, and comes back by a payment."""
    if not decided.changes:
        return False
    state, before = decided.settled.state, decided.view.account.supply_state
    if state is SupplyState.LIMITED:
        return before is not SupplyState.LIMITED
    return state is SupplyState.DISCONNECTED


def _limit_w(decided: Decided) -> int | None:
    if decided.settled.state is not SupplyState.LIMITED:
        return None
    return limit_of(decided.grounds.rules, decided.view.relays)
