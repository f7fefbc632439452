"""A dead letter is handled again, for the group that did not handle it, and for no other.

It is handled here and not published: on its topic every group would get it, and nobody would learn
what came of it. It is done in one transaction with the note that it was, and holding the row of its
partition's offset: the group's consumer waits for it, as it would for its own batch before.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from aiokafka import ConsumerRecord
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.clock import Clock
from prewatt_common.db.database import Database, is_passing_fault
from prewatt_common.db.tables import consumer_offset, dead_letter_replay
from prewatt_common.ids import new_id
from prewatt_common.kafka.batches import AfterCommit, Subscription
from prewatt_common.kafka.dead_letters import reason_of
from prewatt_common.kafka.decoding import Delivered, Several, Undecodable
from prewatt_common.kafka.letters import Letter, Letters, source_of
from prewatt_common.kafka.stops import in_words
from prewatt_common.refusals import Refusal

logger = logging.getLogger(__name__)

HANDLED = "handled"
FAILED = "failed"


class AlreadyHandled(Refusal):
    """The dead letter was handled by an earlier replay."""

    kind = "already-handled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Who had a letter handled again, why, and the outcome: ``handled``; a dead letter's reason,
    where it was refused again; ``failed``, where the code failed on it, which is in the log."""

    outcome: str
    detail: str
    who: str
    reason: str
    at: datetime


class Replay:
    """The dead letters of one service's consumers."""

    def __init__(
        self,
        *,
        database: Database,
        letters: Letters,
        subscriptions: Sequence[Subscription[Any]],
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._database = database
        self._letters = letters
        self._subscriptions = {each.group: each for each in subscriptions}
        self._committed = committed
        self._clock = clock

    async def __call__(self, letter: Letter, *, who: str, reason: str) -> Replayed:
        """Handle ``letter`` again. Raises `AlreadyHandled` or `OriginalGone`."""
        subscription = self._subscriptions[letter.group]
        record = _record(letter, await self._letters.whole_value(letter))
        async with self._database.transaction() as connection:
            await _hold_partition(connection, letter)
            if any(each.outcome == HANDLED for each in await _replays(connection, letter)):
                message = f"dead letter {letter.id} was handled by a replay before"
                raise AlreadyHandled(message)
            outcome, detail, after = await _handle(connection, subscription, record)
            replayed = Replayed(
                outcome=outcome, detail=detail, who=who, reason=reason, at=self._clock()
            )
            await connection.execute(
                insert(dead_letter_replay).values(
                    id=new_id(),
                    consumer_group=letter.group,
                    source=letter.source,
                    dead_at=letter.dead_at,
                    outcome=outcome,
                    detail=detail,
                    who=who,
                    reason=reason,
                    at=replayed.at,
                )
            )
        self._committed()
        if after is not None:
            after()
        logger.info(
            "dead letter %s replayed by %s: %s %s", letter.id, who, outcome, detail,
            extra={"group": letter.group, "source": letter.source, "reason": reason},
        )  # fmt: skip
        return replayed

    async def replays_of(self, letters: Collection[Letter]) -> Mapping[str, Sequence[Replayed]]:
        """By the letters' ids, oldest first."""
        async with self._database.transaction() as connection:
            return {each.id: await _replays(connection, each) for each in letters}


async def _hold_partition(connection: AsyncConnection, letter: Letter) -> None:
    topic, partition, _ = source_of(letter)
    table = consumer_offset.c
    await connection.execute(
        select(table.next_offset)
        .where(
            table.consumer_group == letter.group,
            table.topic == topic,
            table.partition == partition,
        )
        .with_for_update()
    )


async def _replays(connection: AsyncConnection, letter: Letter) -> Sequence[Replayed]:
    table = dead_letter_replay.c
    rows = await connection.execute(
        select(table.outcome, table.detail, table.who, table.reason, table.at)
        .where(
            table.consumer_group == letter.group,
            table.source == letter.source,
            table.dead_at == letter.dead_at,
        )
        .order_by(table.id)
    )
    return [Replayed(**row) for row in rows.mappings()]


async def _handle(
    connection: AsyncConnection, subscription: Subscription[Any], record: ConsumerRecord
) -> tuple[str, str, AfterCommit | None]:
    """Outcome, detail, and what to call after the commit. What was not handled leaves nothing."""
    try:
        event = subscription.decode(record)
        if event is None:
            return HANDLED, "the consumer has no use for it", None
        several = cast(Several[Any], event if isinstance(event, Several) else Several([event], ()))
        if several.bad:
            raise Undecodable(several.bad[0][1])
        delivered = [Delivered(each, record) for each in several.events]
        async with connection.begin_nested():
            call = await subscription.handle(connection, delivered)
    except (Undecodable, Refusal) as error:
        return reason_of(error), str(error), None
    except Exception as error:
        if is_passing_fault(error):
            raise
        logger.exception("a dead letter's replay failed: %s", subscription.group)
        return FAILED, in_words(error), None
    return HANDLED, "", call


def _record(letter: Letter, value: bytes) -> ConsumerRecord:
    topic, partition, offset = source_of(letter)
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=int(letter.dead_at.timestamp() * 1000),
        timestamp_type=0,
        key=letter.key,
        value=value,
        checksum=None,
        serialized_key_size=len(letter.key),
        serialized_value_size=len(value),
        headers=tuple(letter.headers),
    )
