"""An idempotent producer that is rebuilt when it ends.

aiokafka's sender task ends for good on some errors (an out-of-order sequence after a broker was
killed, for one), and without one where something in it is cancelled. Either fails what waits to be
sent, and the next send builds a new producer. Whoever called gets `ProduceFailed` and tries again;
readers recognise a repeat by its ``ce_id`` or its content.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from prewatt_common.kafka.clients import (
    fail_what_waits_when_sending_ends,
    is_lifeless,
    stop_client,
)
from prewatt_common.kafka.messages import Message, partition_of
from prewatt_common.workers import being_cancelled

BATCH_BYTES_MAX = 900_000
"""Below the broker's limit of 1 MiB; a dead letter of the largest MQTT payload fits."""
_RECORD_OVERHEAD_BYTES = 100
"""At most: the batch's header, and lengths, offset and timestamp of one record."""
_HEADER_OVERHEAD_BYTES = 10
_SOON_S = 1.0
_ALWAYS_FITS_BYTES = BATCH_BYTES_MAX // 2
_NO_BROKER = (KafkaError, OSError, asyncio.CancelledError)


class ProduceFailed(Exception):
    """Kafka did not take all of the messages; which ones it took is not known."""


class MessageTooLarge(ValueError):
    """One message alone is larger than a batch may be. Trying again does not help."""


def message_bytes(message: Message) -> int:
    """What the message takes on the wire, at most."""
    return (
        _RECORD_OVERHEAD_BYTES
        + len(message.key)
        + len(message.value)
        + sum(
            _HEADER_OVERHEAD_BYTES + len(name) * 4 + len(value) for name, value in message.headers
        )
    )


def check_size(message: Message) -> None:
    """Raises `MessageTooLarge` for one that Kafka would not take."""
    if len(message.value) > _ALWAYS_FITS_BYTES and message_bytes(message) > BATCH_BYTES_MAX:
        text = f"{len(message.value)} bytes for {message.topic} are over {BATCH_BYTES_MAX}"
        raise MessageTooLarge(text)


class Producer:
    """Sends lists of messages, packed into one batch a partition (acks=all, idempotent)."""

    def __init__(self, *, bootstrap: str, linger_ms: int = 0) -> None:
        self._bootstrap = bootstrap
        self._linger_ms = linger_ms
        self._inner: AIOKafkaProducer | None = None
        self._building = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises `ProduceFailed` where no broker answers."""
        await self._producer()

    async def stop(self) -> None:
        """Send what is pending and disconnect, both within seconds: without a broker aiokafka
        would try for ever. What was not sent then was not confirmed to anybody either."""
        if self._inner is not None:
            await self._discard(self._inner)

    async def partitions(self, topic: str) -> int:
        """How many partitions ``topic`` has."""
        producer = await self._producer()
        return len(await producer.partitions_for(topic))

    async def partitions_soon(self, topics: Iterable[str]) -> Mapping[str, int]:
        """How many partitions each of ``topics`` has; none of them where nobody says so within a
        second: for what can do without."""
        try:
            async with asyncio.timeout(_SOON_S):
                return {topic: await self.partitions(topic) for topic in topics}
        except (ProduceFailed, KafkaError, OSError, TimeoutError, asyncio.CancelledError):
            if being_cancelled():
                raise
            return {}

    async def check(self) -> str:
        """A readiness check."""
        producer = await self._producer()
        await producer.client.fetch_all_metadata()
        return "answers"

    async def send(self, messages: Iterable[Message]) -> None:
        """Returns once every message is on all in-sync replicas; order holds within a partition.
        While no broker answers it waits: an idempotent batch is repeated until one takes it.

        Raises `ProduceFailed` where that did not happen and `MessageTooLarge` before anything
        is sent.
        """
        producer = await self._producer()
        try:
            batches = await self._pack(producer, messages)
            acknowledged = [
                await producer.send_batch(batch, topic, partition=partition)
                for topic, partition, batch in batches
            ]
            for future in acknowledged:
                await future
        except (KafkaError, OSError, AssertionError, asyncio.CancelledError) as error:
            if being_cancelled():
                raise
            await self._discard(producer)
            message = f"Kafka did not take the messages: {error!r}"
            raise ProduceFailed(message) from error

    async def _pack(
        self, producer: AIOKafkaProducer, messages: Iterable[Message]
    ) -> list[tuple[str, int, BatchBuilder]]:
        packed: list[tuple[str, int, BatchBuilder]] = []
        filling: dict[tuple[str, int], BatchBuilder] = {}
        counts: dict[str, int] = {}
        timestamp_ms = int(time.time() * 1000)
        for message in messages:
            check_size(message)
            topic, key, headers, value = message
            count = counts.get(topic)
            if count is None:
                count = counts[topic] = len(await producer.partitions_for(topic))
            place = (topic, partition_of(key, count))
            batch = filling.get(place)
            if batch is None or not batch.append(
                timestamp=timestamp_ms, key=key, value=value, headers=headers
            ):
                batch = filling[place] = producer.create_batch()
                packed.append((*place, batch))
                batch.append(timestamp=timestamp_ms, key=key, value=value, headers=headers)
        return packed

    async def _producer(self) -> AIOKafkaProducer:
        async with self._building:
            if self._inner is not None and is_lifeless(self._inner):
                await self._discard(self._inner)
            if self._inner is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=self._linger_ms,
                    max_batch_size=BATCH_BYTES_MAX,
                    request_timeout_ms=10_000,
                )
                try:
                    await producer.start()
                except BaseException as error:
                    await stop_client(producer)
                    if being_cancelled() or not isinstance(error, _NO_BROKER):
                        raise
                    message = f"no Kafka broker at {self._bootstrap}: {error!r}"
                    raise ProduceFailed(message) from error
                fail_what_waits_when_sending_ends(producer)
                self._inner = producer
            return self._inner

    async def _discard(self, producer: AIOKafkaProducer) -> None:
        """Forget a producer: after an error its state is not worth trusting."""
        if self._inner is producer:
            self._inner = None
        await stop_client(producer)
