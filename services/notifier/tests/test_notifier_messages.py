"""Receipts by the SMS centre's numbers, in PostgreSQL: joined in whatever order things come."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from test_notifier_store import START, claim, deliverer, low, take

from notifier.channels.ports import Verdict
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_parking import open_parking
from notifier.deliveries.take_receipt import TakeReceipt
from notifier.deliveries.values import Delivery, Outcome
from prewatt_common.db.database import Database, driver

pytestmark = pytest.mark.stack

SECOND = timedelta(seconds=1)
DELIVERED, BOUNCED = Verdict


@pytest.fixture
async def database(notifier_store_url):
    database = Database(url=notifier_store_url)
    yield database
    async with database.transaction() as connection:
        await (await driver(connection)).execute(
            "TRUNCATE sms_message, door_order, door_photo, door_confirmation, door_notice, "
            "notice_resend, notice, contact, "
            "parked_notice, parked_notice_step, "
            "account, outbox"
        )
    await database.close()


async def sending(database: Database) -> Delivery:
    """An SMS that the centre is about to accept."""
    account_id = uuid4()
    channels = (Channel.SMS, Channel.EMAIL)
    async with open_contacts(database) as store:
        await store.put(
            [Contact(account_id, Language.EN, "a@home.example", "+8613800000001", channels)]
        )
    await take(database, low(account_id))
    (delivery,) = await claim(database, at=START, channel=Channel.SMS)
    return delivery


async def accept(database: Database, delivery: Delivery, *message_ids: str, at=START) -> None:
    outcome = Outcome(peer_answers=True, segments=len(message_ids), message_ids=message_ids)
    assert await deliverer(database, at=at).record(delivery, outcome)


async def report(database: Database, message_id: str, verdict: Verdict, *, at=START) -> bool:
    receive = TakeReceipt(
        open_deliveries=lambda: open_deliveries(database),
        park=ParkNotice(
            open_parking=lambda: open_parking(database), blameless=lambda _: True, clock=lambda: at
        ),
        clock=lambda: at,
    )
    return await receive(message_id, verdict, reason="delivery receipt")


async def status(database: Database, notice_id: UUID) -> str:
    async with database.transaction() as connection:
        query = "SELECT status FROM notice WHERE id = $1"
        return await (await driver(connection)).fetchval(query, notice_id)


@pytest.mark.parametrize("order", ["before", "after", "one before and one after"])
async def test_receipts_are_joined_before_and_after_our_note_of_the_acceptance(database, order):
    delivery = await sending(database)
    notice_id = delivery.notice.id
    if order != "after":
        assert not await report(database, "11", DELIVERED)
    if order == "before":
        assert not await report(database, "12", DELIVERED)
    await accept(database, delivery, "11", "12")
    if order == "after":
        assert await report(database, "11", DELIVERED)
        assert await status(database, notice_id) == "accepted"
    if order != "before":
        assert await report(database, "12", DELIVERED)
    assert await status(database, notice_id) == "delivered"
    assert await report(database, "12", DELIVERED)
    assert await status(database, notice_id) == "delivered"


async def test_one_part_that_comes_back_is_the_whole_text(database):
    delivery = await sending(database)
    await accept(database, delivery, "21", "22")
    await report(database, "21", DELIVERED)
    await report(database, "22", BOUNCED)
    assert await status(database, delivery.notice.id) == "bounced"
    # The next channel's turn.
    (after,) = await claim(database, at=START, channel=Channel.EMAIL)
    assert after.notice.cause_id == delivery.notice.cause_id
    # And it stays so, whatever is said later.
    await report(database, "22", DELIVERED)
    assert await status(database, delivery.notice.id) == "bounced"


async def test_two_receipts_at_a_time_settle_the_text(database):
    for first in range(31, 51, 2):
        delivery = await sending(database)
        ids = [str(first), str(first + 1)]
        await accept(database, delivery, *ids)
        await asyncio.gather(*[report(database, each, DELIVERED) for each in ids])
        assert await status(database, delivery.notice.id) == "delivered"


async def test_a_receipt_at_the_moment_of_our_note_is_not_lost(database):
    for number in range(60, 80):
        delivery = await sending(database)
        await asyncio.gather(
            accept(database, delivery, str(number)), report(database, str(number), DELIVERED)
        )
        assert await status(database, delivery.notice.id) == "delivered"


async def test_a_number_that_the_centre_uses_again_is_of_the_new_message(database):
    old = await sending(database)
    await accept(database, old, "81")
    await report(database, "81", BOUNCED)
    await report(database, "82", BOUNCED)
    new = await sending(database)
    later = START + timedelta(hours=2)
    await accept(database, new, "81", "82", at=later)
    assert await status(database, new.notice.id) == "accepted"
    await report(database, "81", DELIVERED, at=later)
    await report(database, "82", DELIVERED, at=later)
    assert await status(database, new.notice.id) == "delivered"
    assert await status(database, old.notice.id) == "bounced"


async def test_one_number_for_all_parts_is_one_receipt(database):
    delivery = await sending(database)
    await accept(database, delivery, "91", "91")
    await report(database, "91", DELIVERED)
    assert await status(database, delivery.notice.id) == "delivered"


async def test_receipts_of_nobody_are_forgotten(database):
    await report(database, "100", DELIVERED)
    await report(database, "101", DELIVERED, at=START + timedelta(days=7) + SECOND)
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch("SELECT message_id FROM sms_message")
    assert [row["message_id"] for row in rows] == ["101"]


@pytest.mark.parametrize(
    "values",
    [
        "'1', NULL, 'sent', 'r', now()",
        "'1', NULL, 'delivered', 'r', NULL",
        "'1', NULL, 'delivered', NULL, now()",
        "'1', NULL, NULL, NULL, NULL",
    ],
)
async def test_what_a_message_may_not_be(database, values):
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction() as connection:
            await (await driver(connection)).execute(f"INSERT INTO sms_message VALUES ({values})")


@pytest.mark.parametrize("segments", [0, 256])
async def test_no_notice_is_of_so_many_segments(database, segments):
    delivery = await sending(database)
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction() as connection:
            await (await driver(connection)).execute(
                "UPDATE notice SET segments = $2 WHERE id = $1", delivery.notice.id, segments
            )
