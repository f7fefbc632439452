"""Consumer offsets in PostgreSQL: moved in the transaction of what the records caused."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.db.database import driver
from prewatt_common.db.tables import consumer_offset


class FencedOut(Exception):
    """Somebody else has moved the offset since: this batch is theirs, not ours."""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Half-open: the first offset not yet processed, and the first after the batch."""

    start: int
    end: int


async def load_offsets(
    connection: AsyncConnection, *, group: str, defaults: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Where each partition of ``defaults`` stands; one never seen begins at its default."""
    await connection.execute(
        insert(consumer_offset).on_conflict_do_nothing(),
        [
            {"consumer_group": group, "topic": p.topic, "partition": p.partition, "next_offset": o}
            for p, o in defaults.items()
        ],
    )
    table = consumer_offset.c
    rows = await connection.execute(
        select(table.topic, table.partition, table.next_offset).where(
            table.consumer_group == group,
            tuple_(table.topic, table.partition).in_([(p.topic, p.partition) for p in defaults]),
        )
    )
    return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}


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
