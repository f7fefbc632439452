"""The one place where the notifier's parts meet."""

import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from aiokafka.errors import KafkaError

from notifier.campaigns_parts import make_campaigns
from notifier.channels.http_peer import make_client
from notifier.channels.ports import TakeReceipt as TakeReceiptPort
from notifier.channels.ports import Verdict
from notifier.channels.public_peer import PublicPeers
from notifier.channels.sms.receipts import ReceiptAddress, verdict_of
from notifier.confirm_parts import make_confirm
from notifier.contacts.ports import ConsentStore
from notifier.contacts.postgres_consents import open_consents
from notifier.contacts.set_consents import SetConsents
from notifier.contacts_parts import contacts_routers
from notifier.deliveries.api import notices_router
from notifier.deliveries.api_bounces import bounces_router
from notifier.deliveries.api_gateway_receipts import gateway_receipts_router
from notifier.deliveries.api_receipts import receipts_router
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.kafka import KafkaBacklog
from notifier.deliveries.ports import DeliveryStore
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_records import PostgresNoticeRecords
from notifier.deliveries.postgres_resends import open_resends
from notifier.deliveries.resend import ResendNotice
from notifier.deliveries.take_receipt import TakeReceipt
from notifier.deliveries.take_verdict import TakeVerdict
from notifier.deliveries_parts import make_parking, make_worker
from notifier.doors_parts import make_doors
from notifier.inbox import make_inbox
from notifier.intake import in_book
from notifier.notices.calls import LEDGER_EVENT_KINDS
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.openapi import EXAMPLES, TAGS
from notifier.peers import make_peers
from notifier.settings import NotifierSettings
from notifier.templates.api import templates_router
from notifier.templates.api_decisions import decisions_router
from notifier.templates.check_source import TextLimits
from notifier.templates.jinja import JinjaRenderer
from notifier.templates.ports import TextStore
from notifier.templates.postgres import open_texts
from notifier.templates.send_test import SendTest
from notifier.webhooks_parts import make_webhooks
from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.db.database import is_passing_fault
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.decoding import decode_some, one_of_gathered
from prewatt_common.kafka.history import watch_history
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve

_GROUP = "notifier.ledger-events"
_BATCH_RECORDS_MAX = 500
"""One of an import holds up to `GATHERED_MAX` events."""
_OUTSIDE_MAX = 1_000
"""Connections to whom others have named. Each of them has a few: together those that hang must not
leave none for the others."""


async def run(settings: NotifierSettings) -> None:
    """Serve until stopped."""
    # It logs every URL it asks for, and the SMS gateway's holds a password.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    client = make_client(
        timeout_s=settings.delivery_timeout_s, connections_max=settings.http_connections_max
    )
    outside = PublicPeers(
        reach=settings.reach,
        timeout_s=settings.delivery_timeout_s,
        connections_max=_OUTSIDE_MAX,
        ca_file=settings.webhook_ca_file,
    )
    async with client, outside, parts_of(settings, package="notifier") as parts:
        await _run(settings, parts, client, outside)


async def _run(
    settings: NotifierSettings, parts: Parts, client: httpx.AsyncClient, outside: PublicPeers
) -> None:
    database, relay = parts.database, parts.relay

    def deliveries() -> AbstractAsyncContextManager[DeliveryStore]:
        return open_deliveries(database)

    def texts() -> AbstractAsyncContextManager[TextStore]:
        return open_texts(database)

    def consents() -> AbstractAsyncContextManager[ConsentStore]:
        return open_consents(database)

    def committed() -> None:
        worker.wake()
        relay.wake()

    webhooks = make_webhooks(settings, database, outside=outside, passing=_is_passing)

    parking = make_parking(
        database, open_deliveries=deliveries, passing=_is_passing, committed=committed
    )
    take_receipt = _told(parking.take_receipt, committed=committed)
    take_verdict = TakeVerdict(open_deliveries=deliveries, park=parking.park, clock=utc_now)
    set_consents = SetConsents(
        open_consents=consents, refusable=settings.refusable_purposes, clock=utc_now
    )
    inbox = make_inbox(
        settings,
        client,
        database,
        set_consents=set_consents,
        passing=_is_passing,
        committed=committed,
    )
    campaigns = make_campaigns(settings, client, database, passing=_is_passing, committed=committed)
    peers = make_peers(
        settings,
        client,
        take_receipt=take_receipt,
        take_written=inbox.take,
        passing=_is_passing,
    )
    limits = TextLimits(
        settings.text_segments_max, settings.utility_name, settings.notice_page_as_said
    )
    renderer = JinjaRenderer(
        utility_name=settings.utility_name,
        notice_page=settings.notice_page_as_said,
        pay_at=settings.pay_at,
        fallback=settings.default_language,
    )
    doors = make_doors(
        settings,
        database,
        open_texts=texts,
        renderer=renderer,
        passing=_is_passing,
        committed=relay.wake,
    )
    deliver = Deliver(
        open_deliveries=deliveries,
        channels=peers.channels,
        renderer=renderer,
        retries=settings.retries,
        quiet=settings.quiet_hours,
        zone=ZoneInfo(settings.timezone),
        timeout_s=settings.delivery_timeout_s,
        prices=settings.prices,
        clock=utc_now,
        jitter=random.random,
    )
    worker = make_worker(
        settings,
        deliver=deliver,
        open_deliveries=deliveries,
        park=parking.park,
        backlog_taken=KafkaBacklog(
            bootstrap=settings.kafka_bootstrap, database=database, group=_GROUP
        ).is_taken,
        passing=_is_passing,
        committed=relay.wake,
    )

    consumer = parts.consumer(
        Subscription(
            group=_GROUP,
            topics=(LEDGER_EVENTS,),
            decode=decode_some(LEDGER_EVENT_KINDS),
            one_of=one_of_gathered,
            handle=in_book(
                settings.refusable_purposes,
                TakeLedgerEvents(
                    default_language=settings.default_language,
                    lifetimes=settings.lifetimes,
                    zone=ZoneInfo(settings.timezone),
                    clock=utc_now,
                    committed=committed,
                ),
                webhooks.take_events,
            ),
            batch_records_max=_BATCH_RECORDS_MAX,
        ),
    )
    app = create_app(
        name="notifier",
        summary="Notices to customers over SMS, e-mail and the log, with evidence of delivery.",
        tags=TAGS,
        examples=EXAMPLES,
        auth_public_key=settings.auth_public_key,
        trusted_proxy_hops=settings.trusted_proxy_hops,
        routers=[
            *contacts_routers(settings, database, set_consents=set_consents),
            notices_router(
                records=PostgresNoticeRecords(database),
                renderer=renderer,
                resend=ResendNotice(
                    open_resends=lambda: open_resends(database),
                    clock=utc_now,
                    committed=worker.wake,
                ),
            ),
            parking.router,
            templates_router(
                open_texts=texts,
                limits=limits,
                fallback=settings.default_language,
                clock=utc_now,
            ),
            decisions_router(
                open_texts=texts,
                send_test=SendTest(
                    open_texts=texts,
                    channels=peers.channels,
                    renderer=renderer,
                    timeout_s=settings.delivery_timeout_s,
                    clock=utc_now,
                ),
                limits=limits,
                clock=utc_now,
            ),
            receipts_router(
                take=take_verdict,
                is_ours=_is_ours(settings.receipt_address),
                verdict_of=verdict_of,
                committed=committed,
            ),
            bounces_router(reports=settings.bounce_address, take=take_verdict, committed=committed),
            gateway_receipts_router(
                sms=settings.sms_callbacks, voice=settings.voice_callbacks, take=take_receipt
            ),
            make_confirm(settings, database),
            *doors.routers,
            *campaigns.routers,
            *webhooks.routers,
            *inbox.routers,
            *parts.operators_routers(scope="notifier"),
        ],
        checks={"postgres": database.check},
        consuming={consumer.group: consumer.check},
    )
    topics = watch_history(
        bootstrap=settings.kafka_bootstrap, topics={LEDGER_EVENTS: "notices that were not sent yet"}
    )
    watching = watch_dependencies({"kafka": parts.producer.check, **peers.checks})
    workers = [
        relay,
        consumer,
        worker,
        parking.worker,
        *doors.workers,
        *campaigns.workers,
        *webhooks.workers,
        *inbox.workers,
        *peers.links,
        watching,
        topics,
    ]
    await serve(app=app, settings=settings, workers=workers)


def _is_ours(address: ReceiptAddress | None) -> Callable[[UUID, str], bool]:
    """Without an address nobody was told where to report."""
    return address.is_ours if address else lambda _, __: False


def _told(take: TakeReceipt, *, committed: Callable[[], None]) -> TakeReceiptPort:
    """With what follows a commit: events to tell, and a next channel's turn."""

    async def took(message_id: str, verdict: Verdict, *, reason: str) -> bool:
        known = await take(message_id, verdict, reason=reason)
        if known:
            committed()
        return known

    return took


def _is_passing(error: BaseException) -> bool:
    return is_passing_fault(error) or isinstance(error, KafkaError)
