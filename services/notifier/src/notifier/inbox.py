"""What customers write, as the settings say: from the gateway to the answer."""

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from fastapi import APIRouter

from notifier.channels.ports import TakeWritten
from notifier.contacts.set_consents import SetConsents
from notifier.inbound.api import inbound_router
from notifier.inbound.api_messages import written_router
from notifier.inbound.catalogue import shipped
from notifier.inbound.ledger import HttpLedger, NoLedger
from notifier.inbound.look_after import LookAfterMessages
from notifier.inbound.obey import Obey
from notifier.inbound.ports import InboundStore, Ledger
from notifier.inbound.postgres import open_inbound
from notifier.inbound.postgres_records import PostgresInboundRecords
from notifier.inbound.take_message import TakeMessage
from notifier.inbound.work_messages import AnswersAre, WorkMessages
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_POLL_S = 1.0
_LOOK_S = 15.0


@dataclass(frozen=True, slots=True)
class Inbox:
    """What takes a message, what works it through, and what is told of it."""

    take: TakeWritten
    workers: Sequence[Repeating]
    routers: Sequence[APIRouter]


def make_inbox(
    settings: NotifierSettings,
    client: httpx.AsyncClient,
    database: Database,
    *,
    set_consents: SetConsents,
    passing: Callable[[BaseException], bool],
    committed: Callable[[], None],
) -> Inbox:
    """As the settings say. ``committed``: there is an answer to send."""

    def inbound() -> AbstractAsyncContextManager[InboundStore]:
        return open_inbound(database)

    work = WorkMessages(
        open_inbound=inbound,
        ledger=_ledger(settings, client),
        obey=Obey(
            open_inbound=inbound,
            set_consents=set_consents,
            refusable=settings.refusable_purposes,
        ),
        catalogue=shipped(),
        are=AnswersAre(
            lifetimes=settings.lifetimes,
            zone=settings.timezone,
            pay_at=settings.pay_at,
            country_code=settings.sms_country_code,
        ),
        lease=timedelta(seconds=settings.delivery_lease_s),
        clock=utc_now,
        jitter=random.random,
        passing=passing,
        committed=committed,
    )
    worker = Repeating(name="inbound", do=work, every_s=_POLL_S, passing=passing)
    look_after = LookAfterMessages(
        open_inbound=inbound, retention=settings.inbound_retention, clock=utc_now
    )
    take = TakeMessage(open_inbound=inbound, country_code=settings.sms_country_code, clock=utc_now)
    return Inbox(
        take,
        [worker, Repeating(name="inbound-age", do=look_after, every_s=_LOOK_S, passing=passing)],
        [
            inbound_router(records=PostgresInboundRecords(database)),
            written_router(callbacks=settings.sms_callbacks, take=take),
        ],
    )


def _ledger(settings: NotifierSettings, client: httpx.AsyncClient) -> Ledger:
    if settings.ledger_url is None or settings.ledger_token is None:
        return NoLedger()
    return HttpLedger(
        url=str(settings.ledger_url),
        token=settings.ledger_token.get_secret_value(),
        client=client,
        # Two requests, in what a lease is longer than.
        timeout_s=settings.delivery_timeout_s / 2,
        clock=utc_now,
    )
