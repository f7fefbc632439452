"""The one place where the notifier's parts meet."""

import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import httpx
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.channels.email.channel import EmailChannel, SmtpServer
from notifier.channels.log.channel import LogChannel
from notifier.channels.ports import ChannelPort
from notifier.channels.sms.channel import SmsChannel, SmsGateway, make_client
from notifier.contacts.api import contacts_router
from notifier.contacts.ports import ContactStore
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel
from notifier.deliveries.api import notices_router
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.kafka import KafkaBacklog
from notifier.deliveries.ports import DeliveryStore
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_records import PostgresNoticeRecords
from notifier.deliveries.worker import DeliveryWorker
from notifier.notices.forget_customer import ForgetCustomer
from notifier.notices.planning import LedgerEvent
from notifier.notices.postgres_book import PostgresNoticeBook
from notifier.notices.postgres_customers import open_customer_records
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.settings import NotifierSettings
from notifier.templates.jinja import JinjaRenderer
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    BalanceExhausted,
    Credited,
    DebtChanged,
    LowBalance,
    PaymentTakenBack,
    ReconnectionLate,
    SupplyApology,
    SupplyChanged,
    ToppedUp,
)
from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.db.database import driver, is_passing_fault
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import Check, create_app
from prewatt_common.kafka.batches import AfterCommit, Handle, Subscription
from prewatt_common.kafka.decoding import Delivered, decode_some
from prewatt_common.kafka.history import watch_history
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve

_GROUP = "notifier.ledger-events"
_BATCH_EVENTS_MAX = 1_000


async def run(settings: NotifierSettings) -> None:
    """Serve until stopped."""
    # It logs every URL it asks for, and the SMS gateway's holds a password.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    client = make_client(
        timeout_s=settings.delivery_timeout_s, connections_max=settings.delivery_concurrency
    )
    async with client, parts_of(settings, package="notifier") as parts:
        await _run(settings, parts, client)


async def _run(settings: NotifierSettings, parts: Parts, client: httpx.AsyncClient) -> None:
    database, relay = parts.database, parts.relay
    channels, channel_checks = _channels(settings, client)

    def deliveries() -> AbstractAsyncContextManager[DeliveryStore]:
        return open_deliveries(database)

    def contacts() -> AbstractAsyncContextManager[ContactStore]:
        return open_contacts(database)

    worker = DeliveryWorker(
        open_deliveries=deliveries,
        deliver=Deliver(
            open_deliveries=deliveries,
            channels=channels,
            renderer=JinjaRenderer(utility_name=settings.utility_name),
            retries=settings.retries,
            timeout_s=settings.delivery_timeout_s,
            clock=utc_now,
            jitter=random.random,
        ),
        concurrency=settings.delivery_concurrency,
        lease=timedelta(seconds=settings.delivery_lease_s),
        backlog_taken=KafkaBacklog(
            bootstrap=settings.kafka_bootstrap, database=database, group=_GROUP
        ).is_taken,
        passing=_is_passing,
        committed=relay.wake,
        clock=utc_now,
    )
    consumer = parts.consumer(
        Subscription(
            group=_GROUP,
            topics=(LEDGER_EVENTS,),
            decode=decode_some(
                [
                    AccountOpened,
                    LowBalance,
                    BalanceExhausted,
                    ToppedUp,
                    Credited,
                    DebtChanged,
                    PaymentTakenBack,
                    SupplyChanged,
                    ReconnectionLate,
                    SupplyApology,
                ]
            ),
            handle=_in_book(
                TakeLedgerEvents(
                    default_language=settings.default_language,
                    clock=utc_now,
                    committed=worker.wake,
                )
            ),
            batch_records_max=_BATCH_EVENTS_MAX,
        ),
    )
    app = create_app(
        name="notifier",
        summary="Notices to customers over SMS, e-mail and the log, with evidence of delivery.",
        auth_public_key=settings.auth_public_key,
        routers=[
            contacts_router(
                open_contacts=contacts,
                forget=ForgetCustomer(open_records=lambda: open_customer_records(database)),
            ),
            notices_router(records=PostgresNoticeRecords(database)),
            *parts.operators_routers(scope="notifier"),
        ],
        checks={"postgres": database.check},
        consuming={consumer.group: consumer.check},
    )
    topics = watch_history(
        bootstrap=settings.kafka_bootstrap, topics={LEDGER_EVENTS: "notices that were not sent yet"}
    )
    watching = watch_dependencies({"kafka": parts.producer.check, **channel_checks})
    workers = [relay, consumer, worker, watching, topics]
    await serve(app=app, settings=settings, workers=workers)


def _channels(
    settings: NotifierSettings, client: httpx.AsyncClient
) -> tuple[Mapping[Channel, ChannelPort], Mapping[str, Check]]:
    """The channels that are configured, and what tells whether each answers."""
    channels: dict[Channel, ChannelPort] = {Channel.LOG: LogChannel()}
    checks: dict[str, Check] = {}
    if settings.smtp_host and settings.smtp_from:
        password = settings.smtp_password
        email = EmailChannel(
            SmtpServer(
                host=settings.smtp_host,
                port=settings.smtp_port,
                sender=settings.smtp_from,
                username=settings.smtp_username,
                password=password.get_secret_value() if password else None,
                starttls=settings.smtp_starttls,
                ca_file=settings.smtp_ca_file,
                timeout_s=settings.delivery_timeout_s,
            )
        )
        channels[Channel.EMAIL] = email
        checks["smtp"] = email.check
    if settings.sms_url:
        sms = SmsChannel(
            SmsGateway(
                url=str(settings.sms_url),
                username=settings.sms_username,
                password=settings.sms_password.get_secret_value(),
                sender=settings.sms_from,
            ),
            client=client,
        )
        channels[Channel.SMS] = sms
        checks["sms"] = sms.check
    return channels, checks


def _is_passing(error: BaseException) -> bool:
    return is_passing_fault(error) or isinstance(error, KafkaError)


def _in_book(use_case: TakeLedgerEvents) -> Handle[LedgerEvent]:
    async def handle(
        connection: AsyncConnection, batch: Sequence[Delivered[LedgerEvent]]
    ) -> AfterCommit | None:
        return await use_case(PostgresNoticeBook(await driver(connection)), batch)

    return handle
