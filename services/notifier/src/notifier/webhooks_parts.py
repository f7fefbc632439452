"""The parts of webhooks, as the settings say."""

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter

from notifier.channels.public_peer import PublicPeers
from notifier.settings import NotifierSettings
from notifier.webhooks.api import webhooks_router
from notifier.webhooks.api_decisions import webhook_decisions_router
from notifier.webhooks.ports import MessageQueue, WebhookStore
from notifier.webhooks.postgres import open_webhooks
from notifier.webhooks.postgres_messages import open_messages
from notifier.webhooks.send_message import SendMessage
from notifier.webhooks.take_events import TakeEvents
from notifier.webhooks.worker import WebhookWorker
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_END_OVERDUE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class WebhookParts:
    """What the service needs of them. Without a secret nothing is queued, and nobody is told."""

    take_events: TakeEvents | None
    routers: Sequence[APIRouter]
    workers: Sequence[WebhookWorker | Repeating]


def make_webhooks(
    settings: NotifierSettings,
    database: Database,
    *,
    outside: PublicPeers,
    passing: Callable[[BaseException], bool],
) -> WebhookParts:
    """As the settings say."""
    terms = settings.webhook_terms

    def store() -> AbstractAsyncContextManager[WebhookStore]:
        return open_webhooks(database)

    def queue() -> AbstractAsyncContextManager[MessageQueue]:
        return open_messages(database)

    def committed() -> None:
        if worker is not None:
            worker.wake()

    worker = take_events = None
    workers: list[WebhookWorker | Repeating] = []
    if terms.key is not None:
        send = SendMessage(
            open_queue=queue,
            post=outside.post,
            key=terms.key,
            retries=settings.retries,
            timeout_s=settings.delivery_timeout_s,
            clock=utc_now,
            jitter=random.random,
        )
        worker = WebhookWorker(
            open_queue=queue,
            send=send,
            slots=settings.webhook_slots,
            lease=timedelta(seconds=settings.delivery_lease_s),
            passing=passing,
            clock=utc_now,
        )
        overdue = Repeating(
            name="overdue-webhook-messages",
            do=worker.end_overdue,
            every_s=_END_OVERDUE_EVERY_S,
            passing=passing,
        )
        workers = [worker, overdue]
        take_events = TakeEvents(lifetime=terms.lifetime, clock=utc_now, committed=committed)
    decisions = webhook_decisions_router(
        open_webhooks=store, terms=terms, clock=utc_now, committed=committed
    )
    return WebhookParts(
        take_events=take_events,
        routers=[webhooks_router(open_webhooks=store), decisions],
        workers=workers,
    )
