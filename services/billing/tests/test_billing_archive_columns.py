"""The archive's pure part: what is gathered, where it is placed, how it is merged, and when."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.archive.columns import SCHEMA, packed, placed, totals, unpacked
from billing.archive.layout import PARTITIONS, partition_of, path_of
from billing.archive.merge import merged, pieces_of
from billing.archive.plan import APPENDED_MAX, LATE_EVERY, SETTLES, merge_due
from billing.archive.values import ArchiveFile, Level, Limits, Place, Totals, Waiting
from prewatt_common.contracts.base import REGISTER_WH_MAX
from prewatt_common.contracts.meter_readings_v1 import Reading

DAY = date(2026, 11, 28)
MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)

_NAIVE = MIDNIGHT.replace(tzinfo=None)  # Hypothesis wants bounds without a zone
instants = st.one_of(
    st.datetimes(_NAIVE - timedelta(days=2), _NAIVE + timedelta(days=2), timezones=st.just(UTC)),
    st.datetimes(_NAIVE.replace(year=2000), _NAIVE.replace(year=2099), timezones=st.just(UTC)),
    st.sampled_from([MIDNIGHT, MIDNIGHT - timedelta(microseconds=1)]),
)
readings = st.builds(
    Reading,
    meter_id=st.sampled_from(["a", "B", "m-1", "m-10", "m-2", "z_9"]),
    read_at=instants,
    import_wh=st.integers(0, REGISTER_WH_MAX),
    received_at=instants,
)
batches = st.lists(st.lists(readings, min_size=1, max_size=30), max_size=5)


def rows(table: pa.Table) -> list[tuple]:
    """As plain tuples."""
    return [tuple(row.values()) for row in table.to_pylist()]


def row(reading: Reading) -> tuple:
    """What the archive says of it."""
    return (
        reading.meter_id,
        reading.read_at,
        reading.import_wh,
        (reading.received_at - reading.read_at) // timedelta(seconds=1),
    )


@settings(deadline=None)
@given(batches)
def test_what_is_packed_comes_out_in_its_order_and_as_often(some: list[list[Reading]]) -> None:
    table = unpacked([packed(batch) for batch in some])
    assert table.schema == SCHEMA
    assert rows(table) == [row(each) for batch in some for each in batch]


@settings(deadline=None)
@given(batches)
def test_every_reading_is_placed_once_and_in_order(some: list[list[Reading]]) -> None:
    parts = list(placed(unpacked([packed(batch) for batch in some])))
    found: Counter[tuple] = Counter()
    for place, table in parts:
        held = rows(table)
        assert held == sorted(held, key=lambda each: each[:2])
        assert {Place(at.date(), partition_of(meter)) for meter, at, _, _ in held} == {place}
        assert totals(table) == Totals(len(held), sum(each[2] for each in held))
        found.update(held)
    assert found == Counter(row(each) for batch in some for each in batch)
    assert [place for place, _ in parts] == sorted({place for place, _ in parts})


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.builds(
                Reading,
                meter_id=st.sampled_from(["a", "B", "m-1", "m-10", "m-2", "z_9"]),
                read_at=st.integers(0, 40).map(lambda n: MIDNIGHT + timedelta(minutes=n)),
                import_wh=st.integers(0, 3),
                received_at=st.just(MIDNIGHT),
            ),
            max_size=40,
        ),
        max_size=6,
    ),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_files_merge_to_one_sorted_file_of_all_their_readings(
    files: list[list[Reading]], batch: int, piece: int
) -> None:
    sources = [sorted(file, key=lambda each: (each.meter_id, each.read_at)) for file in files]
    pieces = list(pieces_of(merged([tables_of(each, batch) for each in sources]), piece))
    held = [each for table in pieces for each in rows(table)]
    assert held == sorted(held, key=lambda each: each[:2])
    assert Counter(held) == Counter(row(each) for file in files for each in file)
    assert all(len(table) == piece for table in pieces[:-1])
    assert all(0 < len(table) <= piece for table in pieces)


def tables_of(file: Sequence[Reading], batch: int) -> Iterator[pa.Table]:
    """As a file is read: ``batch`` rows at a time."""
    for start in range(0, len(file), batch):
        yield unpacked([packed(file[start : start + batch])])


def test_a_merge_holds_no_source_whole() -> None:
    """Two hundred meters in four files: what is given at a time is a few batches."""
    file = [
        Reading(f"m-{meter:04d}", MIDNIGHT + timedelta(minutes=n), n, MIDNIGHT)
        for meter in range(200)
        for n in range(20)
    ]
    sizes = [len(table) for table in merged([tables_of(file, 100) for _ in range(4)])]
    assert sum(sizes) == 16_000
    assert max(sizes) <= 4 * 2 * 100


@pytest.mark.parametrize(
    ("meter_id", "partition"), [("sim-0000001", 1), ("sim-0000002", 11), ("m-1", 4), ("m-2", 14)]
)
def test_a_meters_partition_is_stated_for_ever(meter_id: str, partition: int) -> None:
    """Readers elsewhere compute it: CRC-32 modulo 16."""
    assert PARTITIONS == 16
    assert partition_of(meter_id) == partition


def file_of(level: Level, *, hours: float = 0) -> ArchiveFile:
    """A file of `DAY` that became live so many hours after its end."""
    place = Place(DAY, 3)
    return ArchiveFile(
        path=path_of(place, uuid4()),
        place=place,
        level=level,
        totals=Totals(1, 1),
        size_bytes=1,
        sha256=b"",
        live_since=MIDNIGHT + timedelta(days=1, hours=hours),
    )


OVER = MIDNIGHT + timedelta(days=1) + SETTLES
A, G, D = Level.APPENDED, Level.GATHERED, Level.DAY


@pytest.mark.parametrize(
    ("levels", "now", "level", "count"),
    [
        pytest.param([A] * (APPENDED_MAX - 1), MIDNIGHT, None, 0, id="few files of a day in use"),
        pytest.param(
            [A] * APPENDED_MAX + [G], MIDNIGHT, G, APPENDED_MAX, id="many of a day in use"
        ),
        pytest.param([A, A], OVER - timedelta(seconds=1), None, 0, id="not settled"),
        pytest.param([A, A, G], OVER, D, 3, id="over and settled"),
        pytest.param([A], OVER, None, 0, id="one is sorted as it is"),
        pytest.param([D], OVER + timedelta(days=9), None, 0, id="merged"),
        pytest.param([D, A], OVER, None, 0, id="one that came late waits"),
        pytest.param([D] + [A] * APPENDED_MAX, OVER, D, APPENDED_MAX + 1, id="many came late"),
        pytest.param([D, A], OVER + LATE_EVERY, D, 2, id="one came late, a day ago"),
    ],
)
def test_when_files_are_merged(levels, now, level, count) -> None:
    due = merge_due([file_of(each, hours=6) for each in levels], now=now)
    assert (due and due.level, due and len(due.files)) == (level, count if level else None)


@pytest.mark.parametrize(
    ("waiting", "reached"),
    [
        (Waiting(readings=0, size_bytes=0, since=None), False),
        (Waiting(readings=9, size_bytes=99, since=MIDNIGHT), False),
        (Waiting(readings=10, size_bytes=99, since=MIDNIGHT), True),
        (Waiting(readings=9, size_bytes=100, since=MIDNIGHT), True),
        (Waiting(readings=1, size_bytes=1, since=MIDNIGHT - timedelta(seconds=300)), True),
    ],
)
def test_readings_are_gathered_until_there_are_enough_or_one_has_waited(waiting, reached) -> None:
    limits = Limits(readings=10, size_bytes=100, seconds=300)
    assert limits.reached(waiting, now=MIDNIGHT + timedelta(seconds=1)) is reached
