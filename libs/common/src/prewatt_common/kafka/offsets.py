"""Consumer offsets in PostgreSQL: moved in the transaction of what the records caused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.db.database import DriverConnection, driver
from prewatt_common.db.tables import consumer_offset
from prewatt_common.kafka.clients import client_of
from prewatt_common.kafka.stops import (
    DatabaseRestored,
    OffsetBeforeLog,
    OffsetBeyondLog,
    Stop,
    TopicMadeAnew,
)
from prewatt_common.kafka.topic_ids import topic_ids


class FencedOut(Exception):
    """Somebody else has moved the offset since: this batch is theirs, not ours."""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Half-open: the first offset not yet processed, and the first after the batch."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a group stands in a partition, of the topic with this id."""

    offset: int
    topic_id: UUID
    accepted_upto: int = 0
    """A person has said that Kafka may know of a later offset than this group's, up to this one."""


@dataclass(frozen=True, slots=True)
class Log:
    """What Kafka has of a partition: the offsets from ``begin`` up to before ``end``."""

    begin: int
    end: int
    topic_id: UUID


async def logs_of(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]
) -> dict[TopicPartition, Log]:
    """Asks Kafka. Raises KafkaError."""
    ids = await topic_ids(client_of(consumer), {place.topic for place in places})
    begins = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    return {place: Log(begins[place], ends[place], ids[place.topic]) for place in places}


async def load_offsets(
    connection: AsyncConnection, *, group: str, logs: Mapping[TopicPartition, Log]
) -> dict[TopicPartition, Stand]:
    """Where each partition of ``logs`` stands; one never seen begins with its log."""
    await connection.execute(
        insert(consumer_offset).on_conflict_do_nothing(),
        [
            {
                "consumer_group": group,
                "topic": place.topic,
                "partition": place.partition,
                "next_offset": log.begin,
                "topic_id": log.topic_id,
            }
            for place, log in logs.items()
        ],
    )
    table = consumer_offset.c
    rows = await connection.execute(
        select(
            table.topic, table.partition, table.next_offset, table.topic_id, table.accepted_upto
        ).where(
            table.consumer_group == group,
            tuple_(table.topic, table.partition).in_([(p.topic, p.partition) for p in logs]),
        )
    )
    return {
        TopicPartition(topic, partition): Stand(offset, topic_id, accepted_upto)
        for topic, partition, offset, topic_id, accepted_upto in rows
    }


def misfit(
    *, group: str, place: TopicPartition, stand: Stand, log: Log, shown: int | None
) -> Stop | None:
    """Why ``group`` cannot go on from ``stand`` in ``log``, if it cannot: whatever it did, records
    would be skipped, or taken for others, or for new though their effects are out in the world.

    ``shown``: the offset that the group has shown to Kafka (none: none yet). It does so after its
    database has it, so a later one means that the database was restored from a backup.
    """
    where = (
        f"{group} has processed {place.topic}/{place.partition} up to offset {stand.offset} of the "
        f"topic with id {stand.topic_id}, and Kafka has offsets {log.begin} to {log.end} of "
    )
    kept = "Nothing was processed or skipped; `prewatt offsets` shows it, and accepts it."
    if stand.topic_id != log.topic_id:
        return TopicMadeAnew(f"{where}{log.topic_id}: the topic was made anew. {kept}")
    if stand.offset > log.end:
        return OffsetBeyondLog(f"{where}the same: it lost the records after those. {kept}")
    if stand.offset < log.begin:
        return OffsetBeforeLog(f"{where}the same: it removed the records before those. {kept}")
    if shown is not None and shown > max(stand.offset, stand.accepted_upto):
        return DatabaseRestored(
            f"{where}the same, and {group} has told it of {shown}: this database is older than "
            f"what it has said, as one that was restored from a backup. {kept}"
        )
    return None


async def repeats_upto(connection: DriverConnection, *, topic: str) -> Mapping[int, int]:
    """By partition, where a person let ``topic`` begin again: records before these offsets may have
    been handled, under other offsets or in a topic before this one."""
    rows = await connection.fetch(
        "SELECT partition, max(repeats_upto) AS upto FROM consumer_offset"
        " WHERE topic = $1 AND repeats_upto > 0 GROUP BY partition",
        topic,
    )
    return {row["partition"]: row["upto"] for row in rows}


async def hold(connection: DriverConnection, *, topic: str) -> None:
    """No group takes a batch of ``topic`` into this database until the transaction ends: each
    begins with its `fence`, which waits for these rows."""
    await connection.execute(
        "SELECT 1 FROM consumer_offset WHERE topic = $1"
        " ORDER BY consumer_group, topic, partition FOR UPDATE",
        topic,
    )


async def fence(
    connection: AsyncConnection, *, group: str, ranges: Mapping[TopicPartition, OffsetRange]
) -> None:
    """Move each partition from ``start`` to ``end``, or raise `FencedOut` and move none.

    The rows stay locked until the transaction ends, so two holders of one partition cannot both
    commit. Sorted, so that two batches over the same partitions cannot deadlock.
    """
    places = sorted(ranges)
    moved = await (await driver(connection)).fetch(
        """
        UPDATE consumer_offset AS o SET next_offset = n.stop
        FROM (SELECT o2.ctid AS place, t.stop
              FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
                   AS t (topic, part, start, stop)
              JOIN consumer_offset AS o2
                ON o2.consumer_group = $1 AND o2.topic = t.topic AND o2.partition = t.part
               AND o2.next_offset = t.start
              ORDER BY o2.topic, o2.partition
              FOR UPDATE OF o2) AS n
        WHERE o.ctid = n.place
        RETURNING 1
        """,
        group,
        [place.topic for place in places],
        [place.partition for place in places],
        [ranges[place].start for place in places],
        [ranges[place].end for place in places],
    )
    if len(moved) != len(places):
        message = f"{group} no longer holds {', '.join(f'{p.topic}/{p.partition}' for p in places)}"
        raise FencedOut(message)
