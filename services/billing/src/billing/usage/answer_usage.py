"""Use case: what a meter used, by slice of local time, from the archive's files and from what waits
for its file.

No more of the archive is read than decides the answer (`window`).
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from billing.archive.ports import Folder
from billing.archive.read_meter import readings_of_meter
from billing.readings.values import Reading
from billing.rerating.tariffs import Tariff
from billing.usage.ports import Snapshots
from billing.usage.slices import slices_of
from billing.usage.values import (
    READINGS_MAX,
    NoLocalTime,
    Question,
    RangeRefused,
    Snapshot,
    Usage,
)
from billing.usage.window import first_part, look
from prewatt_metering.calendar.instants import us_of

_AT_ONCE = 4
"""Threads that read files for one answer."""


class AnswerUsage:
    """Answers questions from a folder's files."""

    def __init__(self, *, snapshots: Snapshots, folder: Folder) -> None:
        self._snapshots = snapshots
        self._folder = folder

    async def __call__(self, question: Question) -> Usage | None:
        """None for a meter that is installed nowhere and never was. Raises `NoLocalTime`,
        `RangeRefused`, OSError, and `pyarrow.ArrowInvalid` for a file that is none."""
        snapshot = await self._snapshots.of_meter(question.meter_id)
        if snapshot is None:
            return None
        account_id, tariff = _served(snapshot, question)
        calendar = tariff.calendar
        begin_us, end_us = map(calendar.first_instant_us, (question.first, question.end))
        part = first_part(snapshot.terms, snapshot.files, begin_us=begin_us, end_us=end_us)
        readings = list(snapshot.waiting)
        readings += await self._read(snapshot, question, part.days)
        while True:
            _refuse_too_many(readings)
            found = await asyncio.to_thread(
                look, snapshot.terms, readings, part, begin_us=begin_us, end_us=end_us
            )
            if found.is_certain:
                break
            part, more = part.widened(earlier=found.earlier_matter, later=found.later_matter)
            readings += await self._read(snapshot, question, more)
        slices = await asyncio.to_thread(
            lambda: slices_of(
                spans=found.spans,
                calendar=calendar,
                first=question.first,
                end=question.end,
                resolution=question.resolution,
            )
        )
        return Usage(question=question, account_id=account_id, calendar=calendar, slices=slices)

    async def _read(
        self, snapshot: Snapshot, question: Question, days: Sequence[date]
    ) -> list[Reading]:
        """Several files at a time: a bucket takes its time for each."""
        paths = [path for day in days for path in snapshot.files[day]]
        found = await asyncio.gather(
            *(
                asyncio.to_thread(_readings, self._folder, paths[place::_AT_ONCE], question)
                for place in range(min(_AT_ONCE, len(paths)))
            )
        )
        return [each for some in found for each in some]


def _readings(folder: Folder, paths: Sequence[str], question: Question) -> list[Reading]:
    return [
        Reading(*each)
        for path in paths
        for each in readings_of_meter(folder, path, question.meter_id)
    ]


def _refuse_too_many(readings: Sequence[Reading]) -> None:
    if len(readings) > READINGS_MAX:
        message = (
            f"Of these days and of those that decide about them the meter has {len(readings)} "
            f"readings or more, and an answer is made of {READINGS_MAX} at most: ask for fewer days"
        )
        raise RangeRefused(message)


def _served(snapshot: Snapshot, question: Question) -> tuple[UUID, Tariff]:
    """Whom the meter serves at the end of the range, or served last before, else served first; and
    the tariff of its agreement then."""
    # No zone is known yet, and half a day is not what decides whom a meter serves.
    end_us = us_of(datetime.combine(question.end, time(), UTC))
    by_begin = sorted(snapshot.terms.installations, key=lambda each: each.from_us)
    account_id = next(
        (each.account_id for each in reversed(by_begin) if each.from_us < end_us),
        by_begin[0].account_id,
    )
    tariffs = [each for each in snapshot.agreements if each[0].account_id == account_id]
    if not tariffs:
        message = (
            f"Billing knows no tariff of account {account_id}, which meter {question.meter_id} "
            "serves, and so not in which timezone its days are; its readings are kept. Give the "
            "account an agreement at the ledger and ask again"
        )
        raise NoLocalTime(message)
    held = [each for each in tariffs if each[0].first_day < question.end]
    return account_id, (held[-1] if held else tariffs[0])[1]
