"""Use case: what the ledger has posted, kept to be compared with."""

from collections.abc import Sequence
from uuid import UUID

from billing.postings.ports import PostingStore
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedCharge
from prewatt_common.kafka.decoding import Delivered


async def take_charges(*, store: PostingStore, batch: Sequence[Delivered[ChargesPosted]]) -> None:
    """Handle ``batch``."""
    newest: dict[tuple[UUID, str], PostedCharge] = {}
    for event, _ in batch:
        for charge in event.charges:
            place = (charge.binding_id, charge.month)
            known = newest.get(place)
            if known is None or charge.version > known.version:
                newest[place] = charge
    await store.put_posted(list(newest.values()))
