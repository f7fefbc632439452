"""What the meters of some agreements used, from the archive's files and from what waits for one:
by SQL, and by the scalar code of those meters that SQL finds odd."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from billing.archive.ports import Folder
from billing.archive.read_meters import Wanted, readings_of_meters, wanted_of
from billing.nights.meters import Served, given
from billing.nights.use_sql import UseBySql
from billing.readings.values import Reading
from billing.rerating.register import MeterTerms
from billing.rerating.use import Use, use_of_meter
from prewatt_metering.calendar.instants import DAY_US, utc_day_of, utc_day_us

logger = logging.getLogger(__name__)

READINGS_MAX = 800_000
"""Held at a time, but for a day that has more of these meters."""
DAYS_MAX = 366
"""Of a window: what it costs to lay out its slots is by the day."""
ODD_AT_ONCE, ODD_READINGS_MAX = 20, 400_000
"""Whose readings the scalar code sees at a time: these are objects, some 140 bytes each."""

Files = Mapping[date, Sequence[tuple[int, str]]]
"""(partition, path) of live files, by the UTC day of their readings, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """``uses`` of each agreement. ``readings``: how many there are, by the meters' places.
    ``faults``: of agreements whose use cannot be told, the reason, by their places."""

    uses: Sequence[Use]
    odd: Sequence[int]
    readings: Sequence[int]
    faults: Mapping[int, str]


class Readings:
    """All readings of some meters in one state of the database. Meters go by their places."""

    def __init__(
        self, *, meters: Sequence[MeterTerms], files: Files, waiting: pa.Table, folder: Folder
    ) -> None:
        """``waiting``: in no file yet, in the columns of
        `billing.archive.read_meters.NUMBERED`."""
        self.meters = meters
        self._files = files
        self._folder = folder
        self._waiting = waiting
        self._waiting_days = {
            utc_day_of(each * DAY_US) for each in set((waiting["at"].to_numpy() // DAY_US).tolist())
        }

    def windows(self) -> Iterator[tuple[int, int, list[pa.RecordBatch]]]:
        """(begin, end, readings) of stretches of UTC days, in order. Days of which nothing was
        heard may be missing."""
        wanted = self._wanted(range(len(self.meters)))
        held: list[pa.RecordBatch] = []
        first = last = None
        for day in sorted(self._days() | self._days_given()):
            is_full = sum(map(len, held)) >= READINGS_MAX
            if first and last and (is_full or (day - first).days >= DAYS_MAX):
                yield utc_day_us(first), utc_day_us(last) + DAY_US, held
                first, held = None, []
            first, last = first or day, day
            held += self._of_day(day, wanted)
        if first and last:
            yield utc_day_us(first), utc_day_us(last) + DAY_US, held

    def of(self, places: Sequence[int]) -> dict[int, list[Reading]]:
        """Of some meters, all at once."""
        found: dict[int, list[Reading]] = {each: [] for each in places}
        wanted = self._wanted(places)
        for day in sorted(self._days()):
            for batch in self._of_day(day, wanted):
                columns = [batch.column(number).to_pylist() for number in range(3)]
                for place, at_us, wh in zip(*columns, strict=True):
                    found[place].append(Reading(at_us, wh))
        return found

    def _wanted(self, places: Iterable[int]) -> dict[int, Wanted]:
        return wanted_of({self.meters[each].facts.meter: each for each in places})

    def _of_day(self, day: date, wanted: Mapping[int, Wanted]) -> Iterator[pa.RecordBatch]:
        """Of a UTC day."""
        for partition, path in self._files.get(day, ()):
            if partition in wanted:
                yield from readings_of_meters(self._folder, path, wanted[partition])
        if day in self._waiting_days:
            places = [place for each in wanted.values() for place in each.numbers.values()]
            inside = self._waiting["at"].to_numpy() // DAY_US == utc_day_us(day) // DAY_US
            inside &= np.isin(self._waiting["meter"].to_numpy(), places)
            yield from self._waiting.filter(pa.array(inside)).combine_chunks().to_batches()

    def _days(self) -> set[date]:
        return self._files.keys() | self._waiting_days

    def _days_given(self) -> set[date]:
        return {utc_day_of(at_us) for meter in self.meters for at_us, _ in given(meter)}


def use_of_meters(served: Sequence[Served], readings: Readings, folder: Path) -> Used:
    """``served`` have no other meters than those of ``readings``. Raises OSError, and
    `pyarrow.ArrowInvalid` for a file that is none."""
    numbers = np.zeros(len(readings.meters), np.int64)
    with UseBySql(served, readings.meters, folder) as sql:
        for begin_us, end_us, some in readings.windows():
            for each in some:
                numbers += np.bincount(each.column(0).to_numpy(), minlength=len(numbers))
            sql.add(some, begin_us=begin_us, end_us=end_us)
        uses, odd = sql.uses(), sql.odd()
    faults: dict[int, str] = {}
    counts: list[int] = numbers.tolist()
    for some in _at_once(odd, counts):
        _add_odd(served, readings, some, uses, faults)
    return Used(uses=uses, odd=odd, readings=counts, faults=faults)


def _at_once(odd: Sequence[int], counts: Sequence[int]) -> Iterator[list[int]]:
    """``odd`` in portions; one meter with more readings than a portion has is one alone."""
    held: list[int] = []
    readings = 0
    for each in odd:
        if held and (len(held) == ODD_AT_ONCE or readings + counts[each] > ODD_READINGS_MAX):
            yield held
            held, readings = [], 0
        held.append(each)
        readings += counts[each]
    if held:
        yield held


def _add_odd(
    served: Sequence[Served],
    readings: Readings,
    odd: Sequence[int],
    uses: Sequence[Use],
    faults: dict[int, str],
) -> None:
    """By the scalar code, which sees all readings of a meter."""
    heard = readings.of(odd)
    terms = {readings.meters[each].facts.meter: each for each in odd}
    for part, each in enumerate(served):
        for meter in each.meters:
            place = terms.get(meter.facts.meter)
            if place is None or part in faults:
                continue
            try:
                use = use_of_meter(
                    agreement=each.agreement,
                    tariff=each.tariff,
                    meter=meter,
                    readings=heard[place],
                )
            except ValueError as error:
                # One meter's data: the others are compared all the same, and this one is named.
                logger.exception("not rateable", extra={"agreement_id": each.agreement.id})
                faults[part] = str(error)
            else:
                uses[part].add(use)
