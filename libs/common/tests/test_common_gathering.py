"""Many events in one record are what each of them alone would be, in the same order."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_common.contracts.gathered_v1 import GATHERED, GATHERED_MAX
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.contracts.ledger_facts_v1 import EstimatesSet, InstallationSet
from prewatt_common.contracts.topics import LEDGER_EVENTS, LEDGER_FACTS, TOPICS
from prewatt_common.kafka.decoding import (
    Delivered,
    Several,
    Undecodable,
    decode_some,
    one_of_gathered,
)
from prewatt_common.kafka.gathering import APART, gather
from prewatt_common.kafka.messages import Source, partition_of
from prewatt_common.kafka.producer import ProduceFailed, Producer

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SOURCE = Source("test")
decode = decode_some([AccountOpened, InstallationSet, EstimatesSet])


def installed(meter_id: str, multiplier: int = 1) -> InstallationSet:
    return InstallationSet(
        installation_id=uuid4(), revision=1, meter_id=meter_id, account_id=uuid4(), begins_at=AT,
        ends_at=None, opening_wh=0, closing_wh=None, multiplier=multiplier, device=None,
        removed=False, by="ann", reason="import", at=AT,
    )  # fmt: skip


def opened(account_id: UUID) -> AccountOpened:
    return AccountOpened(
        account_id=account_id, number="1", currency="CNY", opened_at=AT, balance_micro=0,
        balance_number=0,
    )  # fmt: skip


def record(message, value=None):
    return SimpleNamespace(value=value or message.value, headers=message.headers)


def events_of(message):
    found = decode(record(message))
    return list(found.events) if isinstance(found, Several) else [found]


@given(
    meters=st.lists(st.integers(0, 300).map(str), max_size=2 * GATHERED_MAX),
    partitions=st.integers(1, 4),
)
def test_every_event_is_told_once_in_its_partition_and_in_the_order_of_its_key(meters, partitions):
    told = [(meter_id, installed(meter_id)) for meter_id in meters]
    messages = gather(SOURCE, LEDGER_FACTS, told, at=AT, partitions={LEDGER_FACTS.name: partitions})
    found = []
    for message in messages:
        some = events_of(message)
        assert 1 <= len(some) <= GATHERED_MAX
        of_record = {partition_of(each.meter_id.encode(), partitions) for each in some}
        assert of_record == {partition_of(message.key, partitions)}
        found += some
    for meter_id in set(meters):
        mine = [each for each in found if each.meter_id == meter_id]
        assert mine == [event for key, event in told if key == meter_id]
    assert len(found) == len(told)


def test_what_is_alone_of_no_such_kind_or_of_a_topic_unknown_has_a_record_of_its_own():
    estimates = EstimatesSet(
        revision=1, after_days=None, longest_days=None, by="ann", reason="none", at=AT
    )
    told = [("estimates", estimates), ("estimates", estimates), ("m", installed("m"))]
    for partitions in (APART, {LEDGER_EVENTS.name: 1}, {LEDGER_FACTS.name: 1}):
        messages = gather(SOURCE, LEDGER_FACTS, told, at=AT, partitions=partitions)
        assert [events_of(message) for message in messages] == [[event] for _, event in told]
        assert [message.key.decode() for message in messages] == [key for key, _ in told]


def test_a_topic_takes_the_records_of_many_of_each_kind_that_it_takes():
    for topic in TOPICS:
        wanted = {GATHERED[event] for event in topic.events if event in GATHERED}
        assert wanted <= set(topic.events)


def gathered(*told):
    (message,) = gather(
        SOURCE,
        LEDGER_FACTS,
        [("m", each) for each in told],
        at=AT,
        partitions={LEDGER_FACTS.name: 1},
    )
    return message


@pytest.mark.parametrize(
    ("field", "value", "because"),
    [
        ("multiplier", "four", "not a InstallationSet: Expected `int`"),
        ("ends_at", "9999-12-31T23:59:59Z", "not a InstallationSet: ends_at is in the year 9999"),
    ],
)
def test_what_is_wrong_with_one_harms_no_other(field, value, because):
    told = [installed(f"m-{n}") for n in range(4)]
    message = gathered(*told)
    content = msgspec.json.decode(message.value)
    content["events"][2][field] = value
    spoilt = msgspec.json.encode(content)
    found = decode(record(message, spoilt))
    assert list(found.events) == [told[0], told[1], told[3]]
    ((index, reason),) = found.bad
    assert index == 2 and reason.startswith(because)
    alone = decode(record(message, one_of_gathered(spoilt, 2)))
    assert alone.events == [] and len(alone) == 1


@pytest.mark.parametrize("value", [b"[]", b'{"events":[]}', b'{"events":7}', b"{", b"\xff"])
def test_a_record_that_holds_no_events_is_undecodable(value):
    with pytest.raises(Undecodable, match="not a InstallationsSet"):
        decode(record(gathered(installed("a"), installed("b")), value))


def test_each_has_an_id_of_its_own_that_stays_where_it_is_alone():
    """By which the notifier and receivers of webhooks know one that comes again."""
    told = [opened(UUID(int=n)) for n in range(3)]
    (message,) = gather(
        SOURCE, LEDGER_EVENTS, [("k", each) for each in told], at=AT,
        partitions={LEDGER_EVENTS.name: 1},
    )  # fmt: skip
    whole = record(message)
    ids = [Delivered(each, whole).event_id for each in decode(whole).events]
    assert len(set(ids)) == 3
    assert ids == [Delivered(each, whole).event_id for each in decode(whole).events]
    alone = record(message, one_of_gathered(message.value, 1))
    (event,) = decode(alone).events
    assert Delivered(event, alone).event_id == ids[1]


async def test_without_a_broker_nobody_waits_for_how_many_partitions_there_are(monkeypatch):
    producer = Producer(bootstrap="127.0.0.1:1")
    assert await producer.partitions_soon([LEDGER_FACTS.name]) == {}

    async def none_answers(_self, _topic):
        message = "no broker"
        raise ProduceFailed(message)

    monkeypatch.setattr(Producer, "partitions", none_answers)
    assert await producer.partitions_soon([LEDGER_FACTS.name]) == {}
    await producer.stop()
