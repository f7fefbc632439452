"""From readings to use for many meters at once, by SQL on DuckDB.

The rule is the one of `billing.rerating.use`: what a register rose by from boundary to boundary, by
elapsed time between two readings, rounded down. It is come to by other means: each reading ends a
step from the one before; steps are gathered by the slot that they end in; and of each slot's
first step, which alone can come from an earlier slot, the parts are worked out.

A meter is found to be odd, and its use is not told, where a step was or may have been none that
can have flowed, or bridges more than `GAP_DAYS_MAX` days.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from billing.archive.read_meters import NUMBERED
from billing.nights.meters import WH_MAX, Served, given, is_ordinary, pieces
from billing.nights.slots import Labels, Slots, Timetable, slots_of
from billing.rerating.register import MeterTerms
from billing.rerating.use import DaySlot, Use
from billing.terms.values import MeterFacts
from prewatt_metering.calendar.instants import DAY_US

GAP_DAYS_MAX = 40
"""So far back the slots of a step are at hand. A meter that was silent for longer is odd."""
MEMORY = "192MB"
"""Of DuckDB; what needs more goes to a file meanwhile."""
TEMPORARY = "512MB"
"""That is what may go there. A night that needs more ends, and NightLate says so."""
_LIMIT_W_MAX = 10**9
"""More counts as this much, which is stricter, and keeps products within 64 bits."""

_TABLES = """
CREATE TABLE used (meter INTEGER, part INTEGER, label INTEGER, wh HUGEINT);
CREATE TABLE heard (meter INTEGER, part INTEGER, period INTEGER, at_us BIGINT);
CREATE TABLE last (meter INTEGER, at_us BIGINT, wh BIGINT);
CREATE TABLE odd (meter INTEGER);
"""

# Of two readings at one instant the second is a step of no time. The bound on a step is rounded
# down twice, so that a product of three never leaves 64 bits: it may find too much, never too
# little. A step is of each piece that it touches; one that leaves a piece at either end (edge 1, 2)
# stands alone, so that within a slot's others all lies between their first and last reading.
_STEPS = """
CREATE OR REPLACE TEMP TABLE gathered AS
WITH step AS (
    SELECT meter, at_us, wh, known,
           coalesce(lag(at_us) OVER of_meter, at_us) AS since_us,
           coalesce(lag(wh) OVER of_meter, wh) AS from_wh
    FROM (
        SELECT meter, "at" AS at_us, wh, false AS known FROM reading
        UNION ALL SELECT meter, at_us, wh, true FROM last
    )
    WINDOW of_meter AS (PARTITION BY meter ORDER BY at_us, wh)
), cut AS (
    SELECT s.*, p.piece, p.calendar,
           CASE WHEN s.at_us > p.end_us THEN 2 WHEN s.since_us < p.begin_us THEN 1 ELSE 0 END
               AS edge,
           s.wh < 0 OR s.wh > m.wh_max OR s.wh < s.from_wh
               OR (s.at_us = s.since_us AND s.wh <> s.from_wh)
               OR s.at_us - s.since_us > $gap_us
               OR s.wh - s.from_wh - m.resolution_wh
                  > (m.limit_w * ((s.at_us - s.since_us) // 1000000) // 3600) // m.multiplier
               AS odd
    FROM step AS s
    JOIN meter AS m ON m.meter = s.meter
    LEFT JOIN piece AS p ON p.meter = s.meter AND s.at_us > p.begin_us
        AND (s.since_us < p.end_us OR s.at_us = p.end_us)
    WHERE NOT s.known
)
SELECT c.meter, c.piece, b.place, c.edge,
       min(c.since_us) AS since_us, min(c.from_wh) AS from_wh,
       min(c.at_us) AS first_us, min(c.wh) AS first_wh,
       max(c.at_us) AS last_us, max(c.wh) AS last_wh, bool_or(c.odd) AS odd
FROM cut AS c
LEFT JOIN bucket AS b
    ON b.key = c.calendar * $buckets_each + (c.at_us - 1 - $begin_us) // $bucket_us
GROUP BY c.meter, c.piece, b.place, c.edge
"""
_WITHIN = """
INSERT INTO used
SELECT g.meter, p.part, s.label, sum((g.last_wh - g.first_wh)::HUGEINT * m.multiplier)
FROM gathered AS g JOIN piece AS p USING (piece) JOIN slot AS s USING (place)
JOIN meter AS m ON m.meter = g.meter
WHERE g.edge = 0 AND g.last_us > g.first_us
GROUP BY ALL
"""
_BETWEEN = """
INSERT INTO used
WITH entry AS (
    SELECT g.meter, p.part, p.calendar, g.since_us, g.from_wh::HUGEINT * m.multiplier AS from_wh,
           (g.first_wh - g.from_wh)::HUGEINT * m.multiplier AS rise_wh,
           g.first_us - g.since_us AS lasted_us,
           greatest(g.since_us, p.begin_us) AS begin_us, least(g.first_us, p.end_us) AS end_us
    FROM gathered AS g JOIN piece AS p USING (piece) JOIN meter AS m ON m.meter = g.meter
    WHERE g.first_us > g.since_us
), spread AS (
    SELECT e.*, unnest(range(b.place, until.place + 1)) AS place
    FROM entry AS e
    JOIN bucket AS b
        ON b.key = e.calendar * $buckets_each + (e.begin_us - $begin_us) // $bucket_us
    JOIN bucket AS until
        ON until.key = e.calendar * $buckets_each + (e.end_us - 1 - $begin_us) // $bucket_us
    WHERE e.begin_us < e.end_us AND e.begin_us >= $begin_us
)
SELECT e.meter, e.part, s.label,
       sum(e.rise_wh * (least(s.until_us, e.end_us) - e.since_us) // e.lasted_us
           - e.rise_wh * (greatest(s.from_us, e.begin_us) - e.since_us) // e.lasted_us)
FROM spread AS e JOIN slot AS s USING (place)
GROUP BY ALL
"""
_AFTER = """
INSERT INTO heard
SELECT g.meter, p.part, s.period, max(g.last_us)
FROM gathered AS g JOIN piece AS p USING (piece) JOIN slot AS s USING (place)
WHERE g.edge < 2 GROUP BY ALL;
INSERT INTO odd SELECT DISTINCT meter FROM gathered WHERE odd;
CREATE OR REPLACE TABLE last AS
SELECT meter, max(at_us) AS at_us, max(wh) AS wh FROM (
    SELECT meter, last_us AS at_us, last_wh AS wh FROM gathered UNION ALL FROM last
) GROUP BY meter
"""
_USED = """
SELECT part, label, sum(wh)::VARCHAR FROM used
WHERE meter NOT IN (SELECT meter FROM odd) GROUP BY part, label
"""
_HEARD = """
SELECT part, period, max(at_us) FROM heard
WHERE meter NOT IN (SELECT meter FROM odd) GROUP BY part, period
"""
_READ = """
SELECT part, meter, max(at_us) FROM heard
WHERE meter NOT IN (SELECT meter FROM odd) GROUP BY part, meter
"""


class UseBySql:
    """What the ordinary meters of some agreements counted, told as time goes on."""

    def __init__(
        self, served: Sequence[Served], meters: Sequence[MeterTerms], folder: Path
    ) -> None:
        """``meters``: each of those that are served, once; they go by their places. ``folder``:
        where what does not fit into memory waits meanwhile."""
        self._labels = Labels()
        self._served = served
        self._meters = meters
        self._ordinary = [n for n, each in enumerate(meters) if is_ordinary(each)]
        self._timetables: dict[tuple[int, bool], int] = {}
        self._calendars: list[Timetable] = []
        self._given = _given(meters)
        self._sql = duckdb.connect(
            config={
                "threads": 1, "memory_limit": MEMORY, "temp_directory": str(folder),
                "max_temp_directory_size": TEMPORARY, "preserve_insertion_order": False,
                "autoinstall_known_extensions": False, "autoload_known_extensions": False,
            }
        )  # fmt: skip
        self._sql.execute(_TABLES)
        self._put("meter", self._meter_columns())
        self._put("piece", self._piece_columns())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sql.close()

    def add(self, readings: Iterable[pa.RecordBatch], *, begin_us: int, end_us: int) -> None:
        """``readings``: all of [``begin_us``, ``end_us``), in any order and repeated or not. Both
        are UTC midnights; from call to call they go on, and nothing lies in between."""
        slots = slots_of(
            self._calendars, self._labels, begin_us=begin_us - GAP_DAYS_MAX * DAY_US, end_us=end_us
        )
        self._put("bucket", {"key": np.arange(len(slots.buckets)), "place": slots.buckets})
        self._put("slot", _slot_columns(slots))
        at_us = self._given["at"]
        inside = (begin_us <= at_us) & (at_us < end_us)
        read = {name: each[inside] for name, each in self._given.items()}
        given_here = pa.table(read, schema=NUMBERED).to_batches()
        # At once: DuckDB takes twice as long over what it is given piece by piece.
        told = pa.Table.from_batches([*readings, *given_here], schema=NUMBERED)
        asked = {
            "begin_us": slots.begin_us, "bucket_us": slots.bucket_us,
            "buckets_each": slots.buckets_each,
        }  # fmt: skip
        self._sql.register("reading", told)
        self._sql.execute(_STEPS, asked | {"gap_us": GAP_DAYS_MAX * DAY_US})
        self._sql.unregister("reading")
        self._sql.execute(_WITHIN)
        self._sql.execute(_BETWEEN, asked)
        self._sql.execute(_AFTER)

    def uses(self) -> list[Use]:
        """Of each agreement, in their order, what those of its meters used that are not odd."""
        found = [Use() for _ in self._served]
        day_slots: list[DaySlot] = self._labels.day_slots()
        periods: list[date] = self._labels.periods()
        for part, label, wh in self._sql.execute(_USED).fetchall():
            found[int(part)].wh[day_slots[label]] = int(wh)
        for part, period, at_us in self._sql.execute(_HEARD).fetchall():
            found[int(part)].last_read_us[periods[period]] = at_us
        for part, number, at_us in self._sql.execute(_READ).fetchall():
            found[int(part)].read_us[self._meters[int(number)].facts.meter] = at_us
        return found

    def odd(self) -> list[int]:
        """The meters that SQL cannot count, in order: by what people said of them, or by what was
        heard."""
        found = self._sql.execute("SELECT DISTINCT meter FROM odd").fetchall()
        by_facts = set(range(len(self._meters))).difference(self._ordinary)
        return sorted(by_facts.union(number for (number,) in found))

    def _meter_columns(self) -> dict[str, Any]:
        meters = [self._meters[each] for each in self._ordinary]
        facts = [each.facts for each in meters]
        return {
            "meter": np.array(self._ordinary, np.int32),
            "multiplier": np.array([each.installations[0].multiplier for each in meters], np.int64),
            "wh_max": np.array([_wh_max(each) for each in facts], np.int64),
            "resolution_wh": np.array(
                [min(each.resolution_wh, WH_MAX) for each in facts], np.int64
            ),
            "limit_w": np.array([min(each.limit_w, _LIMIT_W_MAX) for each in facts], np.int64),
        }

    def _piece_columns(self) -> dict[str, Any]:
        numbers = {self._meters[each].facts.meter: each for each in self._ordinary}
        rows: list[tuple[int, int, int, int, int]] = []
        for part, served in enumerate(self._served):
            calendar = self._calendar(served)
            for meter in served.meters:
                number = numbers.get(meter.facts.meter)
                if number is not None:
                    rows += (
                        (number, part, calendar, each.begin_us, each.end_us)
                        for each in pieces(meter, served)
                    )
        number, *columns = np.array(rows, np.int64).reshape(-1, 5).T
        names = ("part", "calendar", "begin_us", "end_us")
        return {
            "piece": np.arange(len(rows)),
            "meter": number.astype(np.int32),
            **dict(zip(names, columns, strict=True)),
        }

    def _calendar(self, served: Served) -> int:
        key = id(served.tariff), served.by_day
        if key not in self._timetables:
            self._timetables[key] = len(self._calendars)
            self._calendars.append(Timetable(served.tariff, by_day=served.by_day))
        return self._timetables[key]

    def _put(self, name: str, columns: dict[str, Any]) -> None:
        self._sql.register("given", pa.table(columns))
        self._sql.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given")
        self._sql.unregister("given")


def _wh_max(facts: MeterFacts) -> int:
    return WH_MAX if facts.modulus_wh is None else min(WH_MAX, facts.modulus_wh - 1)


def _given(meters: Sequence[MeterTerms]) -> dict[str, Any]:
    rows = [
        (number, *each)
        for number, meter in enumerate(meters)
        if is_ordinary(meter)
        for each in sorted(given(meter))
    ]
    number, at_us, wh = np.array(rows, np.int64).reshape(-1, 3).T
    return {"meter": number.astype(np.int32), "at": at_us, "wh": wh}


def _slot_columns(slots: Slots) -> dict[str, Any]:
    return {
        "place": np.arange(len(slots.label)), "from_us": slots.from_us,
        "until_us": slots.until_us, "label": slots.label, "period": slots.period,
    }  # fmt: skip
