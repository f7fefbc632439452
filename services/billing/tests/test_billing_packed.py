"""A batch of readings as rows of meters and days."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.readings.packed import packed_days, unpacked, unpacked_columns
from billing.readings.values import Reading as Register
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_metering.calendar.instants import us_of

START = datetime(2026, 10, 31, 22, tzinfo=UTC)


def reading(meter_id: str, at: datetime, wh: int) -> Reading:
    return Reading(meter_id, at, wh, at)


def test_a_row_is_of_the_utc_day_of_the_instant() -> None:
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    batch = [
        reading("m-2", midnight, 7),
        reading("m-1", midnight, 5),
        reading("m-1", midnight - timedelta(microseconds=1), 4),
    ]
    rows = packed_days(batch)
    assert [(each.meter_id, each.day) for each in rows] == [
        ("m-1", date(2026, 10, 31)),
        ("m-1", date(2026, 11, 1)),
        ("m-2", date(2026, 11, 1)),
    ]
    assert unpacked(rows[1].day, rows[1].packed) == [Register(us_of(midnight), 5)]


batches = st.lists(
    st.lists(
        st.builds(
            reading,
            st.sampled_from(["m-1", "m-2", "m-3"]),
            st.integers(0, 4 * 96).map(lambda n: START + n * timedelta(minutes=15, seconds=1)),
            st.integers(0, 10**13),
        ),
        max_size=8,
    ),
    max_size=4,
)


@given(batches=batches)
def test_batches_that_are_joined_hold_every_reading(batches: list[list[Reading]]) -> None:
    rows: dict[tuple[str, date], bytes] = defaultdict(bytes)
    for batch in batches:
        found = packed_days(batch)
        assert [(day, meter_id) for meter_id, day, _ in found] == sorted(
            {(each.day, each.meter_id) for each in found}
        )
        for each in found:
            rows[each.meter_id, each.day] += each.packed
    kept = sorted(
        (meter_id, *register[:2])
        for (meter_id, day), packed in rows.items()
        for register in unpacked(day, packed)
    )
    for meter_id in {meter_id for meter_id, _, _ in kept}:
        days = [(day, packed) for (name, day), packed in rows.items() if name == meter_id]
        columns = unpacked_columns(days)
        found = sorted(zip(columns.at_us.tolist(), columns.register_wh.tolist(), strict=True))
        assert found == [tuple(each[1:]) for each in kept if each[0] == meter_id]
    assert kept == sorted(
        (each.meter_id, us_of(each.read_at), each.import_wh) for batch in batches for each in batch
    )
