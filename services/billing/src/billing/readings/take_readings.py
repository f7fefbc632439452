"""Use case: a batch of readings is kept, and their meters have moved."""

from collections.abc import Sequence

from billing.marks.ports import Marks
from billing.marks.values import Moved
from billing.readings.packed import packed_days
from billing.readings.ports import ReadingStore
from prewatt_common.contracts.meter_readings_v1 import Reading


async def take_readings(*, store: ReadingStore, marks: Marks, batch: Sequence[Reading]) -> None:
    """Handle ``batch``."""
    days = packed_days(batch)
    await store.append(days)
    await marks.mark(Moved(meters=[each.meter_id for each in days]))
