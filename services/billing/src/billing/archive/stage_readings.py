"""Use case: a batch of readings waits in the database for the archive's next files."""

from collections.abc import Sequence

from billing.archive.columns import packed
from billing.archive.ports import PendingStore
from prewatt_common.contracts.meter_readings_v1 import Reading


async def stage_readings(*, store: PendingStore, batch: Sequence[Reading]) -> None:
    """Handle ``batch``, in the transaction that moves its offsets."""
    await store.append(readings=len(batch), packed=packed(batch))
