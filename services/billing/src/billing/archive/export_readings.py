"""Use case: the readings of a range leave the archive, as they came."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from billing.archive.columns import METER_ID, READ_AT
from billing.archive.layout import partition_of
from billing.archive.merge_files import read_merged
from billing.archive.ports import Catalogue, Folder

_DAY = timedelta(days=1)
_SMALLEST = timedelta(microseconds=1)


async def export_readings(
    *,
    catalogue: Catalogue,
    folder: Folder,
    begin: datetime,
    end: datetime,
    meter_ids: Collection[str] = (),
) -> AsyncIterator[pa.Table]:
    """Readings of instants in [``begin``, ``end``), of all meters where none is named, by day,
    partition, meter and instant. Repeats and old versions are there too. Raises OSError."""
    partitions = {partition_of(each) for each in meter_ids}
    wanted = pa.array(sorted(meter_ids), pa.string())
    first, last = (at.astimezone(UTC).date() for at in (begin, end - _SMALLEST))
    for day in await catalogue.days(first=first, end=last + _DAY):
        # A day at a time, so that its files are held for no longer than it takes.
        archived = await catalogue.day(day)
        for place in archived.meant:
            if partitions and place.partition not in partitions:
                continue
            files = [each for each in archived.files if each.place == place]
            for table in read_merged(folder, files):
                keep = pc.and_(
                    pc.greater_equal(table[READ_AT], pa.scalar(begin)),
                    pc.less(table[READ_AT], pa.scalar(end)),
                )
                if len(wanted):
                    keep = pc.and_(
                        keep, pc.is_in(table[METER_ID].cast(pa.string()), value_set=wanted)
                    )
                kept = table.filter(keep)
                if len(kept):
                    yield kept
