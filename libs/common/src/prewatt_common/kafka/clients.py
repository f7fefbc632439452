"""The end of aiokafka's clients, whatever the brokers do."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import Any

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

logger = logging.getLogger(__name__)

Client = AIOKafkaConsumer | AIOKafkaProducer | AIOKafkaAdminClient

_STOP_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 1.0
_FOR_LIFE = (
    ("_sender", "_sender_task"),
    ("_fetcher", "_fetch_task"),
    ("_coordinator", "_coordination_task"),
    ("_client", "_sync_task"),
    ("client", "_sync_task"),
)
"""Where aiokafka keeps what runs in the background of a client for as long as that lives."""
_FOR_A_WHILE = (("_coordinator", "_heartbeat_task"), ("_coordinator", "_commit_refresh_task"))


async def stop_client(client: Client) -> None:
    """Stop ``client`` within seconds. What a producer had not sent by then fails.

    While Kafka is away aiokafka's own stop waits for ever, or lets a CancelledError out though
    nobody cancelled anything. Either leaves tasks and connections behind that would go on trying
    for the life of the process: they are ended here.
    """
    whole = client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop()
    if not await _ends(whole, within_s=_STOP_TIMEOUT_S):
        logger.warning("%s: left without a word to Kafka", type(client).__name__)
        await _ends(_let_go(client), within_s=_CLOSE_TIMEOUT_S)


def client_of(consumer: AIOKafkaConsumer) -> AIOKafkaClient:
    """The client under ``consumer``, for a question that aiokafka does not ask."""
    inner: Any = consumer
    return inner._client


def is_lifeless(client: Client) -> bool:
    """Whether a task in its background has ended, by an error or by a cancellation from inside: it
    neither sends nor fetches any more then, and does not say so by itself."""
    return any(task.done() for task in _tasks(client, _FOR_LIFE))


def _tasks(client: Any, places: Iterable[tuple[str, str]]) -> list[asyncio.Task[None]]:
    found = [getattr(getattr(client, owner, None), name, None) for owner, name in places]
    return [task for task in found if task is not None]


def fail_what_waits_when_sending_ends(producer: Any) -> None:
    """aiokafka does so for a sender that raised; who waits for one that just ended, or for one that
    waits for the cluster's metadata when what fetches them has ended, waits on."""
    waiting = producer._message_accumulator

    def fail(_: asyncio.Task[None]) -> None:
        waiting.fail_all(KafkaConnectionError("a task in the background ended"))

    for task in _tasks(producer, _FOR_LIFE):
        task.add_done_callback(fail)


async def _let_go(client: Any) -> None:
    if isinstance(client, AIOKafkaProducer):
        inner: Any = client
        inner._message_accumulator.fail_all(KafkaConnectionError("given up"))
        connections = inner.client
    else:
        connections = client._client
    fetching = getattr(getattr(client, "_fetcher", None), "_pending_tasks", ())
    for task in (*_tasks(client, (*_FOR_LIFE, *_FOR_A_WHILE)), *fetching):
        task.cancel()
    # What these tasks still wait for fails with the connections.
    await connections.close()


async def _ends(work: Awaitable[None], *, within_s: float) -> bool:
    """Whether ``work`` ended well. It is a task of its own: a CancelledError that comes out of it
    is its own, and one that comes out of here is meant for us."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=within_s)
    finally:
        task.cancel()
    if not task.done() or task.cancelled():
        return False
    if (error := task.exception()) is not None:
        logger.warning("a Kafka client did not stop cleanly: %r", error)
    return error is None
