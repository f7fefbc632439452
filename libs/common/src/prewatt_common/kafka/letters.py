"""Dead letters read back from their topics, those of a service's own consumer groups."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.accept import KafkaAway
from prewatt_common.kafka.clients import stop_client
from prewatt_common.kafka.messages import Headers, header
from prewatt_common.refusals import Refusal

_CHUNK = 500
_SCANNED_MAX = 5_000
"""Records looked at for one page: others' dead letters lie between ours."""
_TIMEOUT_S = 30.0
_ADDED = "dlq_"


class UnknownLetter(Refusal):
    """There is no such dead letter of a consumer of this service."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-dead-letter"


class OriginalGone(Refusal):
    """The dead letter was cut short, and the record it was is no longer there."""

    kind = "original-gone"


LetterKey: TypeAlias = tuple[str, int]
"""Topic, and the offset in its dead-letter topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A record that a group did not handle: as it came, and why. ``id`` is TOPIC:OFFSET, the
    offset being that of the dead-letter topic; ``source`` is topic/partition/offset, and #index for
    one of a record of many."""

    id: str
    topic: str
    group: str
    reason: str
    detail: str
    source: str
    dead_at: datetime
    key: bytes
    headers: Headers
    value: bytes
    cut_from_bytes: int | None
    """The size of the whole value, where this is only its beginning."""


class Letters:
    """The dead letters of ``groups`` on the topics beside ``topics``."""

    def __init__(
        self, *, bootstrap: str, topics: Collection[Topic], groups: Collection[str]
    ) -> None:
        self._bootstrap = bootstrap
        self._names = sorted({topic.name for topic in topics})
        self._groups = frozenset(groups)

    async def page(
        self, *, topic: str | None, before: LetterKey | None, limit: int
    ) -> tuple[Sequence[Letter], LetterKey | None]:
        """Topic by topic, the newest first; second, where to read on (``before``), none at the
        end."""
        names = [name for name in self._names if topic in (None, name)]
        upto: int | None = None
        if before is not None:
            begin_at, upto = before
            names = [name for name in names if name >= begin_at]
            upto = upto if begin_at in names else None
        found: list[Letter] = []
        last: LetterKey | None = None
        scanned = 0
        async with self._consumer() as consumer:
            for name in names:
                place = TopicPartition(f"{name}.dlq", 0)
                consumer.assign([place])
                begin = (await consumer.beginning_offsets([place]))[place]
                end = (await consumer.end_offsets([place]))[place]
                at = end if upto is None else min(upto, end)
                upto = None
                while at > begin:
                    if scanned >= _SCANNED_MAX:
                        return found, (name, at)
                    low = max(begin, at - _CHUNK)
                    records = await _read(consumer, place, low, at)
                    scanned += at - low
                    for record in reversed(records):
                        letter = self._letter(name, record)
                        if letter is None:
                            continue
                        if len(found) == limit:
                            return found, last
                        found.append(letter)
                        last = (name, record.offset)
                    at = low
        return found, None

    async def one(self, letter_id: str) -> Letter:
        """Raises `UnknownLetter`."""
        name, offset = self._parsed(letter_id)
        place = TopicPartition(f"{name}.dlq", 0)
        async with self._consumer() as consumer:
            record = await _read_one(consumer, place, offset)
        letter = None if record is None else self._letter(name, record)
        if letter is None:
            message = f"there is no dead letter {letter_id} of a consumer of this service"
            raise UnknownLetter(message)
        return letter

    async def whole_value(self, letter: Letter) -> bytes:
        """The value as it came. Raises `OriginalGone` where only its beginning is left."""
        if letter.cut_from_bytes is None:
            return letter.value
        topic, partition, offset = source_of(letter)
        async with self._consumer() as consumer:
            record = await _read_one(consumer, TopicPartition(topic, partition), offset)
        value = b"" if record is None else record.value or b""
        # A topic made anew has other records at the same offsets.
        if len(value) != letter.cut_from_bytes or not value.startswith(letter.value):
            message = f"{letter.id} is cut short, and {letter.source} is not what it was"
            raise OriginalGone(message)
        return value

    def _parsed(self, letter_id: str) -> tuple[str, int]:
        name, _, offset = letter_id.rpartition(":")
        if name not in self._names or not (offset.isascii() and offset.isdecimal()):
            message = f"there is no dead letter {letter_id}; an id is TOPIC:OFFSET"
            raise UnknownLetter(message)
        return name, int(offset)

    def _letter(self, topic: str, record: ConsumerRecord) -> Letter | None:
        """None: another service's, or of no consumer."""
        headers = record.headers
        group = header(headers, "dlq_by")
        if group not in self._groups:
            return None
        cut_from = header(headers, "dlq_truncated_from")
        return Letter(
            id=f"{topic}:{record.offset}",
            topic=topic,
            group=group,
            reason=header(headers, "dlq_reason") or "",
            detail=header(headers, "dlq_detail") or "",
            source=header(headers, "dlq_source") or "",
            dead_at=datetime.fromisoformat(header(headers, "dlq_at") or ""),
            key=record.key or b"",
            headers=[each for each in headers if not each[0].startswith(_ADDED)],
            value=record.value or b"",
            cut_from_bytes=None if cut_from is None else int(cut_from),
        )

    @asynccontextmanager
    async def _consumer(self) -> AsyncGenerator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await consumer.start()
                yield consumer
        except (KafkaError, OSError) as error:
            message = f"Kafka did not give the dead letters: {error!r}; try again"
            raise KafkaAway(message) from error
        finally:
            await stop_client(consumer)


def source_of(letter: Letter) -> tuple[str, int, int]:
    """Topic, partition and offset of the record that ``letter`` was."""
    topic, partition, offset = letter.source.partition("#")[0].rsplit("/", 2)
    return topic, int(partition), int(offset)


async def _read_one(
    consumer: AIOKafkaConsumer, place: TopicPartition, offset: int
) -> ConsumerRecord | None:
    consumer.assign([place])
    begin = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    if not begin <= offset < end:
        return None
    found = await _read(consumer, place, offset, offset + 1)
    return found[0] if found else None


async def _read(
    consumer: AIOKafkaConsumer, place: TopicPartition, low: int, high: int
) -> list[ConsumerRecord]:
    """The records of the offsets from ``low`` to before ``high``, which the log has."""
    found: list[ConsumerRecord] = []
    consumer.seek(place, low)
    while await consumer.position(place) < high:
        polled = await consumer.getmany(timeout_ms=500, max_records=high - low)
        found += [each for some in polled.values() for each in some if each.offset < high]
    return found
