"""Use case: accounts as the ledger tells of them, for their numbers."""

from collections.abc import Sequence

from billing.terms.ports import TermStore
from billing.terms.values import Account
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.kafka.decoding import Delivered


async def take_accounts(*, store: TermStore, batch: Sequence[Delivered[AccountOpened]]) -> None:
    """Handle ``batch``. Nothing is marked: no charge hangs on a number."""
    accounts = {
        event.account_id: Account(id=event.account_id, number=event.number, currency=event.currency)
        for event, _ in batch
    }
    await store.put_accounts([accounts[each] for each in sorted(accounts)])
