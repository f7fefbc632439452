"""What reached nobody is ordered to be brought to the door: once, and no longer than it is needed.
On the real PostgreSQL; what decides is also in test_notifier_door_orders.py."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from notifier_doors import JPEG
from test_notifier_store import START, claim, database, deliverer, low, paid, take, told

from notifier.channels.ports import Verdict
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_parking import open_parking
from notifier.deliveries.take_verdict import TakeVerdict
from notifier.deliveries.values import Outcome
from notifier.door_orders.keep_orders import KeepDoorOrders
from notifier.door_orders.postgres import PostgresDoorOrderRecords, open_door_orders
from notifier.door_orders.refusals import UnknownDoorOrder
from notifier.door_orders.say_order import SayDoorOrder
from notifier.door_orders.values import DoorOrderView, Policy
from notifier.doors.keep_notice import KeepDoorNotice
from notifier.doors.postgres import open_doors
from notifier.doors.rules import photo_of
from notifier.doors.values import DoorReport, How, Place
from notifier.notices.treatment import LIFETIMES
from notifier.templates.jinja import JinjaRenderer
from notifier.templates.postgres import open_texts
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd
from prewatt_common.db.database import Database, driver

pytestmark = pytest.mark.stack

USED = (database,)
"""Fixtures."""

AFTER = timedelta(hours=2)
OVER = START + LIFETIMES["low-balance"]


def keeper(database: Database, *, at: datetime, after: timedelta | None = AFTER) -> KeepDoorOrders:
    return KeepDoorOrders(
        open_orders=lambda: open_door_orders(database),
        policy=Policy(after),
        clock=lambda: at,
        committed=lambda: None,
    )


async def look(database: Database, *, at: datetime, after: timedelta | None = AFTER) -> None:
    await keeper(database, at=at, after=after)()


async def orders(database: Database, account_id: UUID) -> list[DoorOrderView]:
    records = PostgresDoorOrderRecords(database)
    return list(await records.page(account_id=account_id, open_=None, before=None, limit=10))


async def ends(database: Database, account_id: UUID) -> list[DoorOrderEnd | None]:
    return [each.end for each in await orders(database, account_id)]


async def warned(database: Database, *channels: Channel) -> UUID:
    account_id = uuid4()
    contact = Contact(account_id, Language.EN, "a@b.example", "+8613800138000", channels)
    async with open_contacts(database) as store:
        await store.put([contact])
    await take(database, low(account_id))
    return account_id


async def refused(database: Database, channel: Channel, *, at: datetime = START) -> None:
    (delivery,) = await claim(database, at=at, channel=channel)
    await deliverer(database, at=at).record(delivery, Outcome("550 nobody here"))


async def unreached(database: Database) -> UUID:
    """An account that two channels did not reach."""
    account_id = await warned(database, Channel.EMAIL, Channel.SMS)
    await refused(database, Channel.EMAIL)
    await refused(database, Channel.SMS)
    return account_id


async def test_it_is_ordered_once_no_channel_is_left_and_the_time_is_over(database):
    account_id = await warned(database, Channel.EMAIL, Channel.SMS)
    await refused(database, Channel.EMAIL)
    await look(database, at=START + AFTER)
    assert await orders(database, account_id) == []
    failed_at = START + timedelta(minutes=5)
    await refused(database, Channel.SMS, at=failed_at)
    await look(database, at=failed_at + AFTER - timedelta(seconds=1))
    await look(database, at=failed_at + AFTER, after=None)
    assert await orders(database, account_id) == []
    for _ in range(3):
        await look(database, at=failed_at + AFTER)
    (view,) = await orders(database, account_id)
    assert view.order.occurrence.account_id == account_id
    assert (view.order.language, view.order.bring_by) == (Language.EN, OVER)
    assert (view.account_number, view.address, view.end) == (str(account_id), None, None)
    assert await told(database) == ["failed", "door-ordered"]


async def test_many_looks_at_once_and_many_accounts_make_one_order_of_each(database):
    accounts = [uuid4() for _ in range(230)]
    # More than are taken at a time; none has a contact, so that the log alone has it.
    await take(database, *(low(account_id) for account_id in accounts))
    async with database.transaction() as transaction:
        await (await driver(transaction)).execute(
            "UPDATE notice SET status = 'delivered', proof = 'log', accepted_at = $1, "
            "finished_at = $1, next_attempt_at = NULL",
            START,
        )
    await asyncio.gather(*(look(database, at=START + AFTER) for _ in range(3)))
    assert await told(database) == ["door-ordered"] * len(accounts)
    assert [len(await orders(database, each)) for each in accounts[:5]] == [1] * 5
    await take(database, *(paid(account_id) for account_id in accounts))
    await asyncio.gather(*(look(database, at=START + AFTER) for _ in range(3)))
    assert (await told(database))[len(accounts) :] == ["door-order-ended"] * len(accounts)


async def test_one_that_cannot_be_read_keeps_no_other_from_its_order(database):
    broken, account_id = await unreached(database), await unreached(database)
    async with database.transaction() as transaction:
        await (await driver(transaction)).execute(
            "UPDATE notice SET language = '??' WHERE account_id = $1", broken
        )
    await look(database, at=START + AFTER)
    assert await orders(database, broken) == []
    assert await ends(database, account_id) == [None]


async def test_a_customer_who_wants_no_messages_is_told_at_the_door(database):
    account_id = await warned(database)
    await look(database, at=START + AFTER)
    assert await ends(database, account_id) == [None]


async def test_a_payment_ends_it_and_none_is_ordered_again(database):
    account_id = await unreached(database)
    await look(database, at=START + AFTER)
    await take(database, paid(account_id), at=START + AFTER)
    for _ in range(2):
        await look(database, at=START + AFTER)
    assert await ends(database, account_id) == [DoorOrderEnd.OVERTAKEN]
    assert await told(database) == ["failed", "door-ordered", "door-order-ended"]


async def test_what_a_payment_overtook_before_is_not_ordered(database):
    account_id = await unreached(database)
    await take(database, paid(account_id))
    await look(database, at=START + AFTER)
    assert await orders(database, account_id) == []


async def test_a_receipt_that_comes_late_ends_it(database):
    account_id = await warned(database, Channel.SMS)
    (delivery,) = await claim(database, at=START, channel=Channel.SMS)
    deliver = deliverer(database, at=START)
    await deliver.record(delivery, Outcome("no answer", timedelta(seconds=1)))
    (again,) = await claim(database, at=START + timedelta(minutes=1), channel=Channel.SMS)
    await deliver.record(again, Outcome("550 nobody here"))
    await look(database, at=START + AFTER)
    assert await ends(database, account_id) == [None]
    # Said anew by a person, to the number as it was put right.
    async with database.transaction() as transaction:
        inner = await driver(transaction)
        await inner.execute(
            "INSERT INTO notice (id, cause_id, account_id, template, language, channel, recipient, "
            "facts, position, status, priority, expires_at, give_up_at, next_attempt_at, "
            "created_at, attempts) SELECT $2, cause_id, account_id, template, language, channel, "
            "recipient, facts, 7, 'sending', priority, expires_at, give_up_at, $3, $3, 1 "
            "FROM notice WHERE account_id = $1",
            account_id, anew := uuid4(), START + AFTER,
        )  # fmt: skip
    await look(database, at=START + AFTER)
    assert await ends(database, account_id) == [None]
    take_verdict = TakeVerdict(
        open_deliveries=lambda: open_deliveries(database),
        park=ParkNotice(
            open_parking=lambda: open_parking(database),
            blameless=lambda _: False,
            clock=lambda: START,
        ),
        clock=lambda: START,
    )
    assert await take_verdict(anew, Verdict.DELIVERED, reason="")
    await look(database, at=START + AFTER)
    assert await ends(database, account_id) == [DoorOrderEnd.REACHED]


async def test_nobody_goes_with_what_is_over(database):
    account_id = await unreached(database)
    await look(database, at=START + AFTER)
    # Switched off meanwhile.
    await look(database, at=OVER, after=None)
    assert await ends(database, account_id) == [DoorOrderEnd.LAPSED]
    too_late = await unreached(database)
    await look(database, at=OVER)
    assert await orders(database, too_late) == []


async def bring(database: Database, view: DoorOrderView, *, at: datetime) -> UUID:
    photo = photo_of(JPEG)
    assert photo is not None
    keep = KeepDoorNotice(
        open_doors=lambda: open_doors(database),
        recorded_within=timedelta(hours=48),
        clock=lambda: at,
        committed=lambda: None,
    )
    made = await keep(
        DoorReport(
            notice_id=view.order.notice_id,
            how=How.POSTED_AT_PREMISES,
            place=Place(None, None, "12 Plum Lane, door 3"),
            at=at,
            photo=photo,
            work_order_id=None,
            by="li.wei",
            key=str(uuid4()),
        )
    )
    return made.id


async def test_what_is_brought_ends_it_and_where_it_was_is_known_for_the_next(database):
    account_id = await unreached(database)
    await look(database, at=START + AFTER)
    (view,) = await orders(database, account_id)
    brought_at = START + AFTER + timedelta(hours=1)
    door_id = await bring(database, view, at=brought_at)
    await look(database, at=brought_at)
    (done,) = await orders(database, account_id)
    assert (done.end, done.door_id, done.ended_at) == (DoorOrderEnd.BROUGHT, door_id, brought_at)
    assert done.address == "12 Plum Lane, door 3"
    assert await told(database) == ["failed", "door-ordered", "delivered", "door-order-ended"]
    await look(database, at=OVER)
    assert await ends(database, account_id) == [DoorOrderEnd.BROUGHT]


async def test_what_was_brought_unasked_is_not_ordered(database):
    account_id = await unreached(database)
    await look(database, at=START + AFTER)
    (view,) = await orders(database, account_id)
    async with database.transaction() as transaction:
        await (await driver(transaction)).execute("DELETE FROM door_order")
    await bring(database, view, at=START + AFTER)
    await look(database, at=START + AFTER)
    assert await orders(database, account_id) == []


async def test_the_paper_says_what_the_letter_would_have_said(database):
    account_id = await unreached(database)
    await look(database, at=START + AFTER)
    (view,) = await orders(database, account_id)
    say = SayDoorOrder(
        records=PostgresDoorOrderRecords(database),
        open_texts=lambda: open_texts(database),
        renderer=JinjaRenderer(utility_name="Prewatt"),
        clock=lambda: START + AFTER,
    )
    letter = await say(view.order.id)
    assert (letter.language, letter.text_version) == (Language.EN, 0)
    assert str(account_id) in letter.body
    assert letter.subject
    with pytest.raises(UnknownDoorOrder):
        await say(uuid4())
