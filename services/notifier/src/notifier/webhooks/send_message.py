"""Use case: one message goes to its receiver, and what became of it is written down.

At least once: whoever dies between the receiver's answer and our commit leaves it to be sent again
once its lease is over, with the same ``webhook-id``.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from notifier.channels.ports import PeerDown
from notifier.channels.public_peer import Answered
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.values import as_kept
from notifier.metrics import WEBHOOK_ATTEMPTS
from notifier.webhooks.ports import OpenQueue
from notifier.webhooks.rules import reached_by, secret_of, signed_headers
from notifier.webhooks.values import Attempt, OutgoingMessage, Reached
from prewatt_common.clock import Clock
from prewatt_common.workers import being_cancelled

logger = logging.getLogger(__name__)

_ANSWER_MAX = 200


class Post(Protocol):
    """Raises `PeerDown` where there is no answer."""

    async def __call__(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answered: ...


class SendMessage:
    """``key``: what secrets follow from."""

    def __init__(
        self,
        *,
        open_queue: OpenQueue,
        post: Post,
        key: bytes,
        retries: RetryPolicy,
        timeout_s: float,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._open_queue = open_queue
        self._post = post
        self._key = key
        self._retries = retries
        self._timeout_s = timeout_s
        self._clock = clock
        self._jitter = jitter

    async def send(self, message: OutgoingMessage) -> Attempt:
        """One attempt. Never raises: what a receiver does is the message's fate, not ours."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answered = await self._answer(message)
        except (Exception, asyncio.CancelledError) as error:
            if being_cancelled():
                raise
            attempt = self._failure(message, error)
        else:
            said = f"{answered.status} {answered.text.strip()[:_ANSWER_MAX]}".strip()
            attempt = self._came_to(reached_by(answered.status), said, message)
        WEBHOOK_ATTEMPTS.labels(attempt.reached).inc()
        return attempt

    async def record(self, message: OutgoingMessage, attempt: Attempt) -> None:
        """Can be called again after a passing fault of the database."""
        async with self._open_queue() as queue:
            await queue.finish(message, attempt, now=self._clock())
        if attempt.reached is not Reached.DELIVERED:
            logger.warning(
                "a webhook's receiver did not take a message: %s", attempt.answer,
                extra={"webhook_id": str(message.webhook_id), "event_id": str(message.event_id)},
            )  # fmt: skip

    async def _answer(self, message: OutgoingMessage) -> Answered:
        secrets = [
            secret_of(message.webhook_id, number, key=self._key) for number in message.secrets
        ]
        headers = signed_headers(message.event_id, message.body, secrets=secrets, now=self._clock())
        return await self._post(message.url, headers=headers, body=message.body.encode())

    def _failure(self, message: OutgoingMessage, error: BaseException) -> Attempt:
        match error:
            case PeerDown():
                return self._came_to(Reached.DOWN, str(error), message)
            case TimeoutError():
                return self._came_to(Reached.DOWN, f"no answer in {self._timeout_s:g} s", message)
            case _:
                logger.error("a webhook failed unexpectedly", exc_info=error)
                return self._came_to(Reached.LATER, type(error).__name__, message)

    def _came_to(self, reached: Reached, answer: str, message: OutgoingMessage) -> Attempt:
        # Of a receiver that is down its breaker makes the pause.
        attempts = 1 if reached is Reached.DOWN else message.attempts
        pause = self._retries.pause_after(attempts, jitter=self._jitter())
        retry_after = timedelta(0) if reached is Reached.DELIVERED else pause
        return Attempt(reached, as_kept(answer), retry_after)
