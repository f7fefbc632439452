"""A notice that was said anew comes to the next channel a second time, in PostgreSQL."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from test_notifier_store import START, claim, database, deliverer, low, take, taking

from notifier.channels.ports import Verdict
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.postgres_resends import open_resends
from notifier.deliveries.resend import ResendNotice, ResendOrder
from notifier.deliveries.values import Delivery, Outcome
from prewatt_common.db.database import Database, driver

pytestmark = pytest.mark.stack

USED = (database,)
"""Fixtures."""
REFUSED = Outcome("no such number", peer_answers=True)
ACCEPTED = Outcome(peer_answers=True)


async def warned(database: Database) -> UUID:
    account_id = uuid4()
    channels = (Channel.SMS, Channel.EMAIL)
    async with open_contacts(database) as store:
        await store.put(
            [Contact(account_id, Language.EN, "a@home.example", "+8613800000001", channels)]
        )
    await take(database, low(account_id))
    return account_id


async def attempt(database: Database, channel: Channel, outcome: Outcome) -> Delivery:
    (delivery,) = await claim(database, at=START, channel=channel)
    await deliverer(database, at=START).record(delivery, outcome)
    return delivery


async def say_anew(database: Database, delivery: Delivery) -> None:
    resend = ResendNotice(
        open_resends=lambda: open_resends(database), clock=lambda: START, committed=lambda: None
    )
    await resend(ResendOrder(notice_id=delivery.notice.id, by="li", reason="r", key="k"))


async def rows(database: Database, account_id: UUID) -> list[tuple[int, str, str]]:
    query = "SELECT position, channel, status FROM notice WHERE account_id = $1 ORDER BY position"
    async with database.transaction() as connection:
        return [tuple(row) for row in await (await driver(connection)).fetch(query, account_id)]


async def test_the_next_channel_has_its_turn_again(database):
    account_id = await warned(database)
    first = await attempt(database, Channel.SMS, REFUSED)
    await attempt(database, Channel.EMAIL, ACCEPTED)
    await say_anew(database, first)
    await attempt(database, Channel.SMS, REFUSED)
    await attempt(database, Channel.EMAIL, ACCEPTED)
    assert await rows(database, account_id) == [
        (0, "sms", "failed"),
        (1, "email", "accepted"),
        (2, "sms", "failed"),
        (3, "email", "accepted"),
    ]


async def test_what_comes_back_after_it_was_said_anew_has_its_next_channel(database):
    account_id = await warned(database)
    first = await attempt(database, Channel.SMS, ACCEPTED)
    await say_anew(database, first)
    await attempt(database, Channel.SMS, ACCEPTED)
    take_verdict = taking(database, at=START + timedelta(minutes=1))
    await take_verdict(first.notice.id, Verdict.BOUNCED, reason="gone", channel=Channel.SMS)
    assert await rows(database, account_id) == [
        (0, "sms", "bounced"),
        (1, "sms", "accepted"),
        (2, "email", "queued"),
    ]
