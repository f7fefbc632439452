"""Where a service's groups stand against Kafka's logs, and a person's word that one may go on.

A group whose offset does not fit its log waits (`stops.py`): where to go on from is for a person to
say, who knows whether the records that are missing can be had again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.clock import Clock
from prewatt_common.db.database import Database
from prewatt_common.db.tables import consumer_offset, offset_acceptance
from prewatt_common.ids import new_id
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.clients import stop_client
from prewatt_common.kafka.offsets import Log, Stand, logs_of, misfit
from prewatt_common.kafka.stops import DatabaseRestored
from prewatt_common.refusals import Refusal

_ACCEPTANCES_SHOWN = 100


class GoOn(StrEnum):
    """Where to go on from in a log."""

    BEGIN = "begin"
    """Everything that the log has. What was handled before changes nothing."""
    END = "end"
    """What comes from now on: what the log has by now is skipped."""
    STAY = "stay"
    """Where the database stands: for one that was restored."""


Restored = Callable[[AsyncConnection, str, str], Awaitable[None]]
"""What a service does, in the same transaction, where a person has said that its database was
restored and goes on: who and why."""


class KafkaAway(Refusal):
    """Kafka was asked and did not answer, or has no such topic."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "kafka-away"


class NothingToAccept(Refusal):
    """Every offset of the topic fits its log, or nobody here reads it."""

    kind = "nothing-to-accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A group in a partition: offset and topic id as stored, and what Kafka has. ``state`` is
    ``fits``, or what stops the group there (`Stop.kind`)."""

    group: str
    topic: str
    partition: int
    offset: int
    topic_id: UUID
    log_begin: int
    log_end: int
    log_topic_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """That a person let a group go on from another offset, or in another topic, and why."""

    group: str
    topic: str
    partition: int
    old_offset: int
    old_topic_id: UUID
    new_offset: int
    new_topic_id: UUID
    who: str
    reason: str
    at: datetime


class Offsets:
    """Of one service."""

    def __init__(
        self,
        *,
        database: Database,
        bootstrap: str,
        subscriptions: Sequence[Subscription[Any]],
        clock: Clock,
        restored: Restored | None = None,
    ) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._subscriptions = subscriptions
        self._clock = clock
        self._restored = restored

    async def standings(self) -> Sequence[Standing]:
        """Every partition that a group has begun to read. Raises `KafkaAway`."""
        names = sorted({topic.name for each in self._subscriptions for topic in each.topics})
        logs = await self._logs(names)
        shown = await self._shown()
        async with self._database.transaction() as connection:
            rows = (await connection.execute(select(consumer_offset))).all()
        found = [
            _standing(row, logs[place], shown.get((row.consumer_group, place)))
            for row in rows
            if (place := TopicPartition(row.topic, row.partition)) in logs
        ]
        return sorted(found, key=lambda each: (each.group, each.topic, each.partition))

    async def acceptances(self) -> Sequence[Acceptance]:
        """The newest first, the last hundred."""
        query = select(offset_acceptance).order_by(offset_acceptance.c.id.desc())
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.limit(_ACCEPTANCES_SHOWN))).mappings().all()
        return [
            Acceptance(group=row["consumer_group"], **{name: row[name] for name in _KEPT})
            for row in rows
        ]

    async def accept(
        self, *, topic: str, go_on: GoOn | None, who: str, reason: str
    ) -> Sequence[Acceptance]:
        """Let every group go on in those partitions of ``topic`` whose offset does not fit.

        ``go_on`` none: where the database stands if that was restored, else all that the log has.
        The consumers begin by themselves when they look again. Raises `KafkaAway`, or
        `NothingToAccept`; offsets that fit stay as they are.
        """
        read = {each.name for subscription in self._subscriptions for each in subscription.topics}
        logs = await self._logs([topic]) if topic in read else {}
        shown = await self._shown() if topic in read else {}
        restored = False
        table = consumer_offset
        accepted: list[Acceptance] = []
        async with self._database.transaction() as connection:
            query = select(table).where(table.c.topic == topic).with_for_update()
            for row in (await connection.execute(query)).all():
                place = TopicPartition(row.topic, row.partition)
                log = logs.get(place)
                if log is None:
                    continue
                said = shown.get((row.consumer_group, place))
                state = _standing(row, log, said).state
                if state == _FITS or (go_on is GoOn.STAY and state != DatabaseRestored.kind):
                    continue
                restored = restored or state == DatabaseRestored.kind
                stays = go_on is GoOn.STAY or (go_on is None and state == DatabaseRestored.kind)
                each = Acceptance(
                    group=row.consumer_group,
                    topic=row.topic,
                    partition=row.partition,
                    old_offset=row.next_offset,
                    old_topic_id=row.topic_id,
                    new_offset=row.next_offset
                    if stays
                    else log.end
                    if go_on is GoOn.END
                    else log.begin,
                    new_topic_id=log.topic_id,
                    who=who,
                    reason=reason,
                    at=self._clock(),
                )
                accepted.append(each)
                await connection.execute(
                    update(table)
                    .where(
                        table.c.consumer_group == each.group,
                        table.c.topic == each.topic,
                        table.c.partition == each.partition,
                    )
                    .values(
                        next_offset=each.new_offset,
                        topic_id=each.new_topic_id,
                        accepted_upto=max(row.accepted_upto, said or 0),
                        # Whatever is written from now on is new, and of what the log has by now
                        # nobody knows: offsets that were lost are given out again.
                        repeats_upto=row.repeats_upto if stays else log.end,
                    )
                )
                kept = {name: getattr(each, name) for name in _KEPT}
                await connection.execute(
                    insert(offset_acceptance).values(id=new_id(), consumer_group=each.group, **kept)
                )
            if restored and self._restored is not None:
                await self._restored(connection, who, reason)
        if not accepted:
            message = f"no offset in {topic} waits for a word; it is read here: {topic in read}"
            raise NothingToAccept(message)
        return accepted

    async def _shown(self) -> dict[tuple[str, TopicPartition], int]:
        """The offsets that our groups have shown to Kafka, by group and partition."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            return {
                (each.group, place): found.offset
                for each in self._subscriptions
                for place, found in (await admin.list_consumer_group_offsets(each.group)).items()
            }
        except (KafkaError, OSError) as error:
            message = f"Kafka did not tell what our groups have shown it: {error!r}; try again"
            raise KafkaAway(message) from error
        finally:
            await stop_client(admin)

    async def _logs(self, topics: Sequence[str]) -> dict[TopicPartition, Log]:
        # Of no group: it is given every partition, and moves nobody's offsets.
        consumer = AIOKafkaConsumer(
            *topics, bootstrap_servers=self._bootstrap, enable_auto_commit=False
        )
        try:
            await consumer.start()
            return await logs_of(consumer, sorted(consumer.assignment()))
        except (KafkaError, OSError) as error:
            message = f"Kafka did not tell of {', '.join(topics)}: {error!r}; try again"
            raise KafkaAway(message) from error
        finally:
            await stop_client(consumer)


_FITS = "fits"
_KEPT = tuple(name for name in Acceptance.__dataclass_fields__ if name != "group")


def _standing(row: Any, log: Log, shown: int | None) -> Standing:
    stop = misfit(
        group=row.consumer_group,
        place=TopicPartition(row.topic, row.partition),
        stand=Stand(row.next_offset, row.topic_id, row.accepted_upto),
        log=log,
        shown=shown,
    )
    return Standing(
        group=row.consumer_group,
        topic=row.topic,
        partition=row.partition,
        offset=row.next_offset,
        topic_id=row.topic_id,
        log_begin=log.begin,
        log_end=log.end,
        log_topic_id=log.topic_id,
        state=_FITS if stop is None else stop.kind,
    )
