"""Readings that have left, as those who need them see them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from prepay_ledger.retention.export_file import NotTheExport, read_export, rows_of
from prepay_ledger.retention.postgres_rows import to_left_day
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.retention.rules import first_day_kept
from prepay_ledger.retention.values import MONTHS_MIN, Export, LeftDay, Packed, PackedRows
from prepay_ledger.seals.values import Finding, TableSeal
from prewatt_common.db.database import DriverConnection
from prewatt_common.local_folder import LocalFolder

_DAYS = "SELECT * FROM left_day WHERE day >= $1 ORDER BY day"
_DAYS_AT_ONCE = 31
_DAY = timedelta(days=1)


async def rows_that_left(connection: DriverConnection, since: Mapping[str, date]) -> PackedRows:
    """All readings of the meters that have left, from their exports, each checked against the root
    that was sealed. ``since``: the first of the posting days that may have any, by meter. Raises
    `ReadingsHaveLeft` where an export is not to be had or not what was sealed."""
    found: dict[str, list[Packed]] = {meter_id: [] for meter_id in since}
    if not since:
        return found
    days = connection.cursor(_DAYS, min(since.values()), prefetch=_DAYS_AT_ONCE)
    async for row in days:
        left = to_left_day(row)
        wanted = {meter_id for meter_id, first in since.items() if first <= left.day}
        for meter_id, packed in await asyncio.to_thread(_rows, left, wanted):
            found[meter_id].append((left.day, packed))
    return found


class LeftRows:
    """Readings that have left, as one transaction has read them: each once. Nothing changes of a
    day that has left; which days have is asked each time."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Packed]] = {}
        self._until: dict[str, date] = {}

    async def of(self, connection: DriverConnection, since: Mapping[str, date]) -> PackedRows:
        """As `rows_that_left` gives them, some of them twice where a day leaves just now."""
        # First, so that a day that leaves meanwhile is read again rather than passed by.
        newest: date | None = await connection.fetchval("SELECT max(day) FROM left_day")
        unread = {
            meter_id: self._until[meter_id] + _DAY if meter_id in self._until else first
            for meter_id, first in since.items()
        }
        for meter_id, rows in (await rows_that_left(connection, unread)).items():
            self._rows.setdefault(meter_id, []).extend(rows)
            if newest is not None:
                self._until[meter_id] = newest
        return {meter_id: self._rows[meter_id] for meter_id in since}


async def differs(connection: DriverConnection, day: date, sealed: TableSeal) -> Finding | None:
    """The export of a day that has left, read whole and compared with its seal: what differs. That
    it is not to be had is no difference, but is said."""
    row = await connection.fetchrow("SELECT * FROM left_day WHERE day = $1", day)
    assert row is not None, "it was looked up as one that has left"
    left = to_left_day(row)
    open_day = await connection.fetchval("SELECT day FROM posting_day")
    if day >= first_day_kept(open_day, months=MONTHS_MIN):
        what = f"its readings are said to have left, and none do before {MONTHS_MIN} months"
        return Finding("left", day, what)
    if (left.export.rows, left.export.root) != (sealed.rows, sealed.root):
        return Finding("left", day, "what is kept of the export's root is not what was sealed")
    try:
        export = await asyncio.to_thread(_whole, left)
    except OSError:
        what = f"its readings have left, root only: {_name(left)} is not to be had here"
        return Finding("left", day, what, is_note=True)
    except NotTheExport as error:
        return Finding("left", day, f"{_name(left)} cannot be read: {error}")
    if (export.rows, export.root) != (sealed.rows, sealed.root):
        return Finding("left", day, f"{_name(left)} is not what was sealed")
    return None


def _rows(left: LeftDay, meter_ids: set[str]) -> Sequence[tuple[str, bytes]]:
    try:
        with LocalFolder(Path(left.folder)).open(left.path) as source:
            return list(rows_of(source, left.export, meter_ids))
    except OSError as error:
        message = (
            f"this rests on readings that came on {left.day} and have left the database, and their "
            f"export {_name(left)} is not to be had ({type(error).__name__}): nothing was changed. "
            "Mount that folder where the ledger runs and try again"
        )
        raise ReadingsHaveLeft(message) from error
    except NotTheExport as error:
        message = (
            f"this rests on readings that came on {left.day} and have left the database, and their "
            f"export {_name(left)} is not what was sealed: {error}. Nothing was changed; put the "
            "file back as it was"
        )
        raise ReadingsHaveLeft(message) from error


def _whole(left: LeftDay) -> Export:
    with LocalFolder(Path(left.folder)).open(left.path) as source:
        return read_export(source)


def _name(left: LeftDay) -> str:
    return str(Path(left.folder) / left.path)
