"""Use case: accounts as the ledger tells of them, for their numbers."""

from collections.abc import Sequence

from billing.terms.ports import TermStore
from billing.terms.values import Account
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.kafka.decoding import Delivered


async def take_accounts(*, store: TermStore, batch: Sequence[Delivered[AccountOpened]]) -> None:
    """Handle ``batch``. Nothing is marked: no charge hangs on a number."""
    opened = {event.account_id: event for event, _ in batch}
    await store.put_accounts(
        [
            Account(id=each.account_id, number=each.number, currency=each.currency)
            for each in sorted(opened.values(), key=_by_id)
        ]
    )


def _by_id(event: AccountOpened) -> int:
    """As UUIDs themselves compare, and quicker."""
    return event.account_id.int
