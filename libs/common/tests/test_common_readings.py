"""Records of many readings: what is wrong with one of them harms no other."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from aiokafka import TopicPartition

from prewatt_common.contracts.meter_readings_v1 import READINGS_MAX, Reading, readings_event
from prewatt_common.kafka.batches import Batches, Subscription
from prewatt_common.kafka.breaker import DEAD_MAX, Breaker
from prewatt_common.kafka.decoding import Undecodable
from prewatt_common.kafka.messages import header
from prewatt_common.kafka.offsets import OffsetRange
from prewatt_common.kafka.readings import decode_readings, one_of_readings
from prewatt_common.kafka.stops import BreakerOpen
from prewatt_common.refusals import Refusal

AT = datetime(2026, 3, 1, tzinfo=UTC)
GOOD = [Reading(f"m{n}", AT + timedelta(minutes=n), n, AT) for n in range(5)]


def value(readings=GOOD, **changed):
    fields = msgspec.to_builtins(readings_event(readings))
    for name, (index, wrong) in changed.items():
        fields[name] = [wrong if n == index else each for n, each in enumerate(fields[name])]
    return msgspec.json.encode(fields)


def decoded(raw):
    return decode_readings(SimpleNamespace(value=raw))


def test_columns_are_readings_in_order():
    assert decoded(value()) == (GOOD, ())
    assert len(decoded(value(GOOD[:1]))) == 1


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"meters": (2, "not a meter!")}, "meter_id"),
        ({"meters": (2, 7)}, "meter_id"),
        ({"read_at": (2, "yesterday")}, "read_at"),
        ({"read_at": (2, "2026-03-01T00:00:00")}, "read_at"),
        ({"read_at": (2, "0001-01-01T00:00:00+14:00")}, "read_at is in the year 1"),
        ({"read_at": (2, "9999-12-31T23:59:59Z")}, "read_at is in the year 9999"),
        ({"import_wh": (2, -1)}, "import_wh"),
        ({"import_wh": (2, 10**14)}, "import_wh"),
        ({"import_wh": (2, 0.5)}, "import_wh"),
    ],
)
def test_one_that_is_none_is_named_by_its_index_and_the_others_go_on(changed, because):
    found = decoded(value(**changed))
    assert found.events == [each for each in GOOD if each is not GOOD[2]]
    ((index, why),) = found.bad
    assert (index, because in why) == (2, True), why
    assert [found.index_of(each) for each in found.events] == [0, 1, 3, 4]
    one = decoded(one_of_readings(value(**changed), 2))
    assert (list(one.events), [why for _, why in one.bad]) == ([], [why])


def test_one_of_many_is_a_record_of_its_own():
    assert decoded(one_of_readings(value(), 3)) == (GOOD[3:4], ())


def test_the_years_of_what_came_are_looked_at():
    late = [Reading("m", AT, 1, datetime(2100, 1, 1, tzinfo=UTC))]
    assert [why for _, why in decoded(value(late)).bad] == [
        "not a Reading: received_at is in the year 2100"
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"{}", b'{"meters":[],"read_at":[],"import_wh":[]}', b"\xff",
        b'{"meters":["m"],"read_at":["2026-03-01T00:00:00Z"],"import_wh":[1,2]}',
        b'{"meters":"m","read_at":"x","import_wh":"1"}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_record_that_is_none_as_a_whole_is_undecodable(raw):
    with pytest.raises(Undecodable, match="not a Readings"):
        decoded(raw)


def test_a_record_with_more_than_there_may_be_is_taken_all_the_same():
    """Who writes the topic by hand loses nothing by it."""
    many = [Reading("m", AT + timedelta(minutes=n), n, AT) for n in range(READINGS_MAX + 50)]
    assert decoded(value(many)) == (many, [])


class Odd(Refusal):
    kind = "odd"


def subscription(loop):
    async def handle(connection, batch):
        for event, _ in batch:
            if event.import_wh % 2:
                message = f"{event.import_wh} is odd"
                raise Odd(message)
        await loop.insert_effects(connection, [event.import_wh for event, _ in batch])

    return Subscription(
        group=loop.group,
        topics=(loop.topic,),
        decode=decode_readings,
        handle=handle,
        one_of=one_of_readings,
    )


async def processed(loop, values, breaker):
    for raw in values:
        await loop.send_raw(raw, key=b"one partition")
    records = await loop.records(loop.topic.name, len(values))
    place = TopicPartition(loop.topic.name, records[0].partition)
    batches = Batches(
        subscription=subscription(loop),
        database=loop.database,
        relay=loop.relay,
        breaker=breaker,
    )
    begin, end = records[0].offset, records[-1].offset + 1
    await loop.execute(
        "INSERT INTO consumer_offset (consumer_group, topic, partition, next_offset, topic_id) "
        f"VALUES ('{loop.group}', '{place.topic}', {place.partition}, {begin}, gen_random_uuid())"
    )
    return records, await batches.process(records, {place: OffsetRange(begin, end)}), place


@pytest.mark.stack
async def test_each_that_is_refused_is_a_dead_letter_of_its_own(loop):
    records, _, _ = await processed(
        loop, [value(), value(GOOD[:2]), value(meters=(4, "not one!"))], Breaker()
    )
    assert await loop.effects() == [0, 0, 0, 2, 2, 4]
    async with loop.running(loop.relay):
        dead = await loop.records(loop.topic.dead_letter, 6)
    first = records[0].offset
    place = f"{loop.topic.name}/{records[0].partition}"
    found = sorted((header(r.headers, "dlq_source"), header(r.headers, "dlq_reason")) for r in dead)
    assert found == [
        (f"{place}/{first}#1", "odd"),
        (f"{place}/{first}#3", "odd"),
        (f"{place}/{first + 1}#1", "odd"),
        (f"{place}/{first + 2}#1", "odd"),
        (f"{place}/{first + 2}#3", "odd"),
        (f"{place}/{first + 2}#4", "undecodable"),
    ]
    (one,) = [r for r in dead if header(r.headers, "dlq_source") == f"{place}/{first}#3"]
    assert decode_readings(one).events == [GOOD[3]]


@pytest.mark.stack
async def test_the_breaker_counts_readings_and_opens_between_records(loop):
    odd = [Reading("m", AT + timedelta(minutes=n), 2 * n + 1, AT) for n in range(20)]
    even = [Reading("m", AT + timedelta(minutes=n), 2 * n, AT) for n in range(READINGS_MAX)]
    breaker = Breaker()
    records, taken, place = await processed(
        loop, [value(even), *[value(odd)] * 5, value(even)], breaker
    )
    # The third record of 20 brings the 51st dead letter; what comes after it is not taken.
    assert DEAD_MAX == 50
    assert taken == {place: OffsetRange(records[0].offset, records[3].offset + 1)}
    with pytest.raises(BreakerOpen, match="51 of the last 160 records"):
        breaker.check()
