"""What a receiver is told, in JSON: ``type``, ``timestamp``, and ``data`` as in docs/contracts."""

from datetime import datetime
from uuid import UUID

import msgspec

from notifier.notices.calls import LedgerEvent
from notifier.webhooks.values import PING, NewMessage
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    AutoTopUpFailed,
    BalanceExhausted,
    LowBalance,
    PaymentReminder,
    SupplyChanged,
)

_WITH_LINK = (LowBalance, BalanceExhausted, SupplyChanged, AutoTopUpFailed, PaymentReminder)


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: object


def message_of(event_id: UUID, event: LedgerEvent) -> NewMessage:
    """Of an event: ``data`` is the event as the ledger told it, without the link to pay by, and
    ``timestamp`` when it was."""
    at = event.opened_at if isinstance(event, AccountOpened) else event.at
    if isinstance(event, _WITH_LINK):
        # It is the customer's. A system that wants to show one asks the ledger for a link of its
        # own, which is listed, bounded and revoked under that system's name.
        event = msgspec.structs.replace(event, pay_url=None)
    return _message(event_id, event.ce_type, at, event)


def ping(event_id: UUID, *, webhook_id: UUID, at: datetime) -> NewMessage:
    """To try a receiver with."""
    return _message(event_id, PING, at, {"webhook_id": webhook_id})


def _message(event_id: UUID, kind: str, at: datetime, data: object) -> NewMessage:
    body = msgspec.json.encode(_Body(kind, at, data)).decode()
    return NewMessage(event_id, kind, body)
