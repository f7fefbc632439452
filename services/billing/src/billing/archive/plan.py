"""Which files of a place are to be merged, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from billing.archive.values import ArchiveFile, Level

APPENDED_MAX = 24
"""Two hours of files at one in five minutes: few enough to read, and most of a merge is no copy of
what an earlier merge has written."""
SETTLES = timedelta(hours=6)
"""After the UTC day's end: most late readings have come by then."""
LATE_EVERY = timedelta(days=1)
"""A day that is merged is written again for late readings at most this often, unless many come."""


@dataclass(frozen=True, slots=True)
class Merge:
    """These files become one of that level."""

    files: Sequence[ArchiveFile]
    level: Level


def merge_due(files: Sequence[ArchiveFile], *, now: datetime) -> Merge | None:
    """What to merge of the live ``files`` of one place; none where they may stay as they are."""
    if len(files) < 2:
        return None
    appended = [each for each in files if each.level is Level.APPENDED]
    if _is_over(files[0], now=now):
        others = [each for each in files if each.level is not Level.DAY]
        if (
            len(others) == len(files)
            or len(others) >= APPENDED_MAX
            or min(each.live_since for each in others) <= now - LATE_EVERY
        ):
            return Merge(files, Level.DAY)
    elif len(appended) >= APPENDED_MAX:
        return Merge(appended, Level.GATHERED)
    return None


def _is_over(file: ArchiveFile, *, now: datetime) -> bool:
    midnight = datetime.combine(file.place.day, time(), UTC) + timedelta(days=1)
    return now >= midnight + SETTLES
