"""The consume loop, written once: poll a batch, handle it in one transaction with its offsets.

What it promises a handler: every record's effects are committed exactly once, whatever crashes.
A passing fault (a lost connection, a deadlock) is tried again with back-off. What becomes of a
record that cannot be handled: `batches.py`. What does not pass by itself stops the consumer, which
keeps its partitions where they are: `stops.py`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from prewatt_common.db.database import Database, is_passing_fault
from prewatt_common.kafka import outbox
from prewatt_common.kafka.batches import Batches, Subscription
from prewatt_common.kafka.breaker import Breaker
from prewatt_common.kafka.clients import is_lifeless, stop_client
from prewatt_common.kafka.health import ConsumerHealth
from prewatt_common.kafka.lag import LagGauge
from prewatt_common.kafka.offsets import FencedOut
from prewatt_common.kafka.partitions import Assignment, TopicLost
from prewatt_common.kafka.polling import Polled, Polling
from prewatt_common.kafka.stops import Stop, as_stop
from prewatt_common.metrics import (
    CONSUMER_BATCH_SECONDS,
    CONSUMER_RETRIES,
)
from prewatt_common.workers import being_cancelled, wait_any

logger = logging.getLogger(__name__)

_REPORT_EVERY_S = 5.0
_SHOW_TIMEOUT_S = 2.0
_STALLED_S = 20.0
"""A group forms within the session timeout of 10 s, and a broker that is back is found in one."""
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_TOPICS_TIMEOUT_S = 10.0


class Consumer:
    """A worker that runs one subscription until it is stopped."""

    def __init__(
        self,
        *,
        subscription: Subscription[Any],
        database: Database,
        bootstrap: str,
        relay: outbox.OutboxRelay,
        fits: Callable[[], Awaitable[None]],
        instance_id: str | None = None,
    ) -> None:
        """``fits`` raises `WrongSchema` where the database is not what the handler expects."""
        self.group = subscription.group
        self.name = f"consumer {subscription.group}"
        self._subscription = subscription
        self._fits = fits
        self._breaker = Breaker()
        self._batches = Batches(
            subscription=subscription, database=database, relay=relay, breaker=self._breaker
        )
        self._database = database
        self._bootstrap = bootstrap
        self._instance_id = instance_id
        self._failures = 0
        self._lag = LagGauge(group=subscription.group)
        self._health = ConsumerHealth(group=subscription.group)
        self._reported_at = 0.0
        self._first: frozenset[TopicPartition] = frozenset()
        """Where a record failed: the others wait until it went well, or it would seem that it did
        as soon as one of theirs does."""

    async def check(self) -> str:
        """What it holds and how far behind it is; raises `NotRunning` where it consumes nothing."""
        return self._health.check()

    def partitions_at_end(self) -> set[int]:
        """The partitions, of a subscription to one topic, whose every record up to a moment ago is
        processed. None while Kafka does not answer or a rebalance goes on."""
        return self._health.partitions_at_end()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``: the batch in hand is finished first, then the group is left."""
        while not stop.is_set():
            try:
                await self._session(stop)
            except (Exception, asyncio.CancelledError) as error:
                if being_cancelled():
                    raise
                if isinstance(error, TopicLost):
                    # A member that comes back under its name gets what it had, and nobody gives out
                    # the partitions of the new topic: it comes as another.
                    self._instance_id = None
                if _can_pass(error):
                    await self._back_off(error, stop)
                else:
                    await wait_any(stop, timeout_s=self._say_stopped(error).again_s)
        self._lag.keep_only(())

    async def _session(self, stop: asyncio.Event) -> None:
        await self._fits()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._subscription.group,
            group_instance_id=self._instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            max_partition_fetch_bytes=2_097_152,
        )
        assignment = Assignment(
            consumer=consumer,
            database=self._database,
            group=self._subscription.group,
            topics=self._subscription.topics,
            lag=self._lag,
        )
        try:
            await consumer.start()
            self._health.began(assignment)
            consumer.subscribe([t.name for t in self._subscription.topics], listener=assignment)
            self._reported_at = time.monotonic()
            polling = Polling(consumer, records_max=self._subscription.batch_records_max)
            while not stop.is_set():
                try:
                    await self._step(assignment, polling, stop)
                    if await self._report_when_due(consumer, assignment):
                        async with assignment.processing:
                            await self._check_topics(assignment)
                except Exception as error:
                    if _can_pass(error):
                        raise
                    until = time.monotonic() + self._say_stopped(error).again_s
                    while not stop.is_set() and time.monotonic() < until:
                        # The partitions are kept: whoever else got them would fail alike, or go
                        # past what a person is to look at.
                        await polling.nothing(stop)
                        await self._report_when_due(consumer, assignment)
                    await self._fits()
                    await assignment.try_again()
        finally:
            self._health.ended()
            await stop_client(consumer)

    async def _step(self, assignment: Assignment, polling: Polling, stop: asyncio.Event) -> None:
        self._breaker.check()
        polled = await polling.some(stop, first=self._first)
        assignment.check()
        if polled:
            began = time.monotonic()
            await self._take(assignment, polled)
            self._first = frozenset()
            await self._linger(began, polled, stop)
        else:
            if assignment.at_end().issuperset(place.partition for place in self._first):
                self._first = frozenset()
            self._health.idle()

    async def _linger(
        self,
        began: float,
        polled: Polled,
        stop: asyncio.Event,
    ) -> None:
        if sum(map(len, polled.values())) < self._subscription.batch_records_max:
            left = began + self._subscription.linger_ms / 1000 - time.monotonic()
            if left > 0:
                await wait_any(stop, timeout_s=left)

    async def _take(self, assignment: Assignment, polled: Polled) -> None:
        async with assignment.processing:
            # Of a topic made anew meanwhile these would be other records at the same offsets.
            await self._check_topics(assignment)
            ranges = await assignment.ranges(polled)
            records = [record for place in ranges for record in polled[place]]
            if not records:
                return
            started = time.monotonic()
            self._health.took()
            try:
                taken = await self._batches.process(records, ranges)
            except FencedOut as error:
                logger.warning("%s; reading on from the database's offsets", error)
                await assignment.reload()
                return
            except BaseException:
                # Nothing was committed: the same records must come again.
                assignment.forget()
                raise
            assignment.advance(taken)
            self._failures = 0
            self._health.processed()
            CONSUMER_BATCH_SECONDS.labels(self._subscription.group).observe(
                time.monotonic() - started
            )

    async def _check_topics(self, assignment: Assignment) -> None:
        async with asyncio.timeout(_TOPICS_TIMEOUT_S):
            await assignment.check_topics()

    async def _report_when_due(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> bool:
        if time.monotonic() - self._reported_at < _REPORT_EVERY_S:
            return False
        self._reported_at = time.monotonic()
        await self._report(consumer, assignment)
        return True

    async def _report(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        """Lag as a metric, and offsets to Kafka for tools that look there; ours are the truth.
        Whether it takes them also tells whether it is there, and whether this client can go on:
        aiokafka's can lose what wakes them and then wait for ever for a Kafka that is back."""
        if is_lifeless(consumer):
            message = "aiokafka's background tasks have ended"
            raise KafkaError(message)
        if self._health.stalled_s > _STALLED_S:
            message = f"no answer or no group for {self._health.stalled_s:.0f} s"
            raise KafkaError(message)
        lag_records = 0
        for place, position in assignment.positions.items():
            highwater = consumer.highwater(place)
            if highwater is not None:
                behind = max(0, highwater - position)
                lag_records += behind
                self._lag.set(place, behind)
        try:
            # Without a limit aiokafka tries for as long as no coordinator answers.
            async with asyncio.timeout(_SHOW_TIMEOUT_S):
                if assignment.positions:
                    await consumer.commit(dict(assignment.positions))
                else:
                    await consumer.topics()
        except CommitFailedError as error:
            logger.info("offsets not shown to Kafka, the group is forming anew: %r", error)
            self._health.kafka_answers(lag_records=lag_records)
        except (KafkaError, TimeoutError) as error:
            logger.info("Kafka does not take our offsets: %r", error)
            self._health.kafka_away(error)
        else:
            self._health.kafka_answers(lag_records=lag_records)

    def _say_stopped(self, error: BaseException) -> Stop:
        reason = as_stop(error)
        self._first = reason.places
        self._health.stopped(reason)
        logger.error(
            "%s stopped: %s; looks again in %s s", self.name, reason, reason.again_s,
            exc_info=reason.__cause__ or (None if reason is error else error),
            extra={"reason": reason.kind},
        )  # fmt: skip
        return reason

    async def _back_off(self, error: BaseException, stop: asyncio.Event) -> None:
        self._health.failed(error)
        delay = _BACKOFF_S[min(self._failures, len(_BACKOFF_S) - 1)]
        self._failures += 1
        CONSUMER_RETRIES.labels(self._subscription.group).inc()
        logger.warning("%s: %r; nothing was lost, again in %s s", self.name, error, delay)
        await wait_any(stop, timeout_s=delay)


def _can_pass(error: BaseException) -> bool:
    return is_passing_fault(error) or isinstance(error, KafkaError | asyncio.CancelledError)
