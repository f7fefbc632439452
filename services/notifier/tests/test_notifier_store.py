"""Claims, leases and stops in PostgreSQL: who may say what became of a notice."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from notifier_events import next_number

from notifier.channels.ports import TransientFailure, Verdict
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.expire import ExpireNotices
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_parking import open_parking
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.take_verdict import TakeVerdict
from notifier.deliveries.trust_silence import TrustSilence
from notifier.deliveries.values import Delivery, Outcome
from notifier.notices.forget_customer import ForgetCustomer
from notifier.notices.postgres_book import PostgresNoticeBook
from notifier.notices.postgres_customers import open_customer_records
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.notices.treatment import LIFETIMES
from notifier.notices.values import Priority, Status
from notifier.templates.jinja import JinjaRenderer
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_events_v1 import (
    LowBalance,
    SupplyChanged,
    SupplyState,
    ToppedUp,
)
from prewatt_common.db.database import Database, driver
from prewatt_common.kafka.messages import Headers, header

pytestmark = pytest.mark.stack

START = datetime(2001, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)


class Arrived:
    """An event with its id, as the consume loop hands it over."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.event_id = uuid4()


@pytest.fixture
async def database(notifier_store_url) -> AsyncGenerator[Database]:
    database = Database(url=notifier_store_url)
    yield database
    async with database.transaction() as connection:
        await (await driver(connection)).execute(
            "TRUNCATE sms_message, door_order, door_photo, door_confirmation, door_notice, "
            "notice_resend, notice, contact, "
            "parked_notice, parked_notice_step, "
            "nomination, nomination_word, "
            "account, outbox"
        )
    await database.close()


async def take(database: Database, *events: Event, at: datetime = START) -> None:
    use_case = TakeLedgerEvents(
        default_language=Language.EN,
        zone=UTC,
        lifetimes=LIFETIMES,
        clock=lambda: at,
        committed=lambda: None,
    )
    async with database.transaction() as connection:
        book = PostgresNoticeBook(connection, await driver(connection), refusable=())
        await use_case(book, [Arrived(event) for event in events])


async def claim(
    database: Database, *, at: datetime, limit: int = 10, channel: Channel = Channel.LOG
) -> Sequence[Delivery]:
    async with open_deliveries(database) as store:
        return await store.claim(
            channel, limit=limit, supply_limit=limit, now=at, lease_until=at + LEASE
        )


def low(account_id: UUID) -> LowBalance:
    return LowBalance(
        account_id=account_id,
        balance_micro=5,
        balance_number=next_number(),
        threshold_micro=20,
        currency="CNY",
        at=START,
    )


def paid(account_id: UUID) -> ToppedUp:
    return ToppedUp(
        balance_number=next_number(),
        account_id=account_id,
        payment_id="p",
        provider="demo",
        amount_micro=100,
        balance_micro=105,
        currency="CNY",
        at=START,
    )


def off(account_id: UUID) -> SupplyChanged:
    return SupplyChanged(
        account_id=account_id,
        meter_ids=("m-1",),
        previous=SupplyState.DISCONNECTING,
        state=SupplyState.DISCONNECTED,
        decision_id=None,
        rules=(),
        balance_micro=0,
        balance_number=next_number(),
        currency="CNY",
        at=START,
    )


class Down:
    """A channel whose peer is down."""

    async def send(self, notice, text) -> None:
        raise TransientFailure("down")


def deliverer(database: Database, *, at: datetime) -> Deliver:
    return Deliver(
        open_deliveries=lambda: open_deliveries(database),
        channels={Channel.LOG: Down()},
        renderer=JinjaRenderer(utility_name="Prewatt"),
        retries=RetryPolicy(first_s=10, longest_s=100),
        quiet=None,
        zone=ZoneInfo("Asia/Shanghai"),
        timeout_s=1,
        prices={},
        clock=lambda: at,
        jitter=lambda: 0.5,
    )


async def statuses(database: Database, account_id: UUID) -> list[tuple[str, str]]:
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch(
            "SELECT template, status FROM notice WHERE account_id = $1 ORDER BY sequence",
            account_id,
        )
    return [(row["template"], row["status"]) for row in rows]


async def outbox_size(database: Database) -> int:
    async with database.transaction() as connection:
        return await (await driver(connection)).fetchval("SELECT count(*) FROM outbox")


async def told(database: Database) -> list[str]:
    """What is told on ``notice.events.v1``, in its order."""
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch("SELECT headers FROM outbox ORDER BY id")
    headers = [msgspec.json.decode(row["headers"], type=Headers) for row in rows]
    return [header(each, "ce_type").split(".")[2] for each in headers]


async def test_a_limit_that_was_told_is_remembered_until_it_is_raised(database):
    account_id = uuid4()
    limited = msgspec.structs.replace(off(account_id), state=SupplyState.LIMITED, limit_w=300)
    raised = msgspec.structs.replace(limited, previous=SupplyState.LIMITED, limit_w=500)
    for event in (limited, raised, raised):
        await take(database, event)
    assert await statuses(database, account_id) == [
        ("supply-limited", "queued"),
        ("supply-limit-raised", "queued"),
    ]


async def test_two_workers_never_hold_the_same_notice(database):
    await take(database, *(low(uuid4()) for _ in range(20)))
    claims = await asyncio.gather(*(claim(database, at=START, limit=5) for _ in range(4)))
    held = [delivery.notice.id for one in claims for delivery in one]
    assert len(held) == len(set(held)) == 20
    assert not await claim(database, at=START)


async def test_after_its_lease_a_notice_has_a_new_holder_and_the_old_one_no_say(database):
    account_id = uuid4()
    await take(database, low(account_id))
    (first,) = await claim(database, at=START)
    assert not await claim(database, at=START + LEASE - timedelta(seconds=1))
    (second,) = await claim(database, at=START + LEASE)
    assert (first.attempts, second.attempts) == (1, 2)
    assert first.notice.id == second.notice.id
    deliver = deliverer(database, at=START + LEASE)
    assert not await deliver.record(first, Outcome())
    assert await statuses(database, account_id) == [("low-balance", "sending")]
    assert await outbox_size(database) == 0
    assert await deliver.record(second, Outcome())
    assert not await deliver.record(second, Outcome())
    assert await statuses(database, account_id) == [("low-balance", "accepted")]
    assert await outbox_size(database) == 1


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(), "accepted"),
        (Outcome("451 later", timedelta(seconds=5)), "withdrawn"),
        (Outcome("550 no"), "withdrawn"),
    ],
)
async def test_a_payment_while_a_reminder_is_being_sent(database, outcome, status):
    account_id = uuid4()
    await take(database, low(account_id))
    (delivery,) = await claim(database, at=START)
    await take(database, paid(account_id))
    assert await statuses(database, account_id) == [
        ("low-balance", "sending"),
        ("topped-up", "queued"),
    ]
    await deliverer(database, at=START).record(delivery, outcome)
    assert (await statuses(database, account_id))[0] == ("low-balance", status)
    assert await told(database) == [status]


async def test_an_outage_ends_no_notice_before_its_time_and_then_every_one(database):
    account_id = uuid4()
    contact = Contact(account_id, Language.EN, "a@b.example", None, (Channel.LOG, Channel.EMAIL))
    async with open_contacts(database) as store:
        await store.put([contact])
    await take(database, low(account_id))
    at, half = START, START + LIFETIMES["low-balance"] / 2
    attempts = 0
    while at < half:
        assert not await ended(database, at=at)
        (delivery,) = await claim(database, at=at)
        deliver = deliverer(database, at=at)
        await deliver.record(delivery, await deliver.send(delivery))
        attempts += 1
        assert delivery.attempts == attempts
        at += timedelta(minutes=10)
    assert not await claim(database, at=half)
    assert await ended(database, at=half)
    assert await statuses(database, account_id) == [
        ("low-balance", "expired"),
        ("low-balance", "queued"),
    ]
    assert await outbox_size(database) == 0
    assert await ended(database, at=START + LIFETIMES["low-balance"])
    assert not await ended(database, at=START + LIFETIMES["low-balance"])
    assert await statuses(database, account_id) == [("low-balance", "expired")] * 2
    assert await outbox_size(database) == 1


async def ended(database: Database, *, at: datetime) -> bool:
    return await ExpireNotices(
        open_deliveries=lambda: open_deliveries(database), clock=lambda: at
    )()


async def test_one_that_is_being_sent_does_not_expire_under_its_sender(database):
    account_id = uuid4()
    await take(database, low(account_id))
    over = START + LIFETIMES["low-balance"]
    (delivery,) = await claim(database, at=over - timedelta(seconds=1))
    assert not await ended(database, at=over + timedelta(seconds=1))
    assert await deliverer(database, at=over).record(delivery, Outcome())
    assert await statuses(database, account_id) == [("low-balance", "accepted")]


async def test_one_whose_sender_died_and_that_is_true_no_more_is_not_sent_again(database):
    account_id = uuid4()
    await take(database, low(account_id))
    await claim(database, at=START)
    await take(database, paid(account_id))
    later = START + LEASE
    assert [each.notice.template for each in await claim(database, at=later)] == ["topped-up"]
    assert await ended(database, at=later)
    assert (await statuses(database, account_id))[0] == ("low-balance", "withdrawn")
    assert await told(database) == ["withdrawn"]


async def test_supply_overtakes_and_has_slots_of_its_own(database):
    await take(database, *(low(uuid4()) for _ in range(6)))
    await take(database, off(uuid4()), at=START + timedelta(seconds=5))
    async with open_deliveries(database) as store:
        claimed = await store.claim(
            Channel.LOG,
            limit=2,
            supply_limit=4,
            now=START + timedelta(seconds=9),
            lease_until=START + LEASE,
        )
    balance, supply = Priority.BALANCE, Priority.SUPPLY
    assert [each.notice.priority for each in claimed] == [supply, balance, balance]
    assert not await claim(database, at=START, channel=Channel.EMAIL)


async def test_a_payment_and_a_refusal_at_the_same_time_leave_no_reminder(database):
    """The refusal would put the next channel in the refused one's place."""
    for _ in range(15):
        account_id = uuid4()
        contact = Contact(
            account_id, Language.EN, "a@b.example", None, (Channel.EMAIL, Channel.LOG)
        )
        async with open_contacts(database) as store:
            await store.put([contact])
        await take(database, low(account_id))
        (delivery,) = await claim(database, at=START, channel=Channel.EMAIL)
        deliver = deliverer(database, at=START)
        await asyncio.gather(
            deliver.record(delivery, Outcome("550 no")), take(database, paid(account_id))
        )
        left = await statuses(database, account_id)
        assert ("topped-up", "queued") in left
        assert not [each for each in left if each[0] == "low-balance" and each[1] == "queued"]
        await claim(database, at=START, limit=100, channel=Channel.EMAIL)


async def test_a_deleted_contact_leaves_no_address_and_no_waiting_notice(database):
    account_id = uuid4()
    contact = Contact(account_id, Language.EN, "a@b.example", None, (Channel.EMAIL,))
    async with open_contacts(database) as store:
        await store.put([contact])
    await take(database, paid(account_id), paid(account_id))
    (sending,) = await claim(database, at=START, limit=1, channel=Channel.EMAIL)
    forget = ForgetCustomer(
        open_records=lambda: open_customer_records(database), clock=lambda: START
    )
    assert await forget(account_id, by="li.wei")
    assert not await forget(account_id, by="li.wei")
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch("SELECT DISTINCT recipient FROM notice")
    assert [row["recipient"] for row in rows] == [""]
    again = Outcome("451 later", timedelta(seconds=5))
    await deliverer(database, at=START).record(sending, again)
    assert {status for _, status in await statuses(database, account_id)} == {Status.SUPPRESSED}


async def verdict(database: Database, delivery: Delivery, said: Verdict, *, at=START) -> bool:
    return await taking(database, at=at)(delivery.notice.id, said, reason="no such number")


def taking(database: Database, *, at=START) -> TakeVerdict:
    park = ParkNotice(
        open_parking=lambda: open_parking(database), blameless=lambda _: True, clock=lambda: at
    )
    return TakeVerdict(
        open_deliveries=lambda: open_deliveries(database), park=park, clock=lambda: at
    )


async def one_sent(database: Database, *channels: Channel, accepted: bool = True) -> Delivery:
    account_id = uuid4()
    contact = Contact(account_id, Language.EN, "a@b.example", "+8613800000000", channels)
    async with open_contacts(database) as store:
        await store.put([contact])
    await take(database, low(account_id))
    (delivery,) = await claim(database, at=START, channel=channels[0])
    if accepted:
        assert await deliverer(database, at=START).record(delivery, Outcome())
    return delivery


D, B = Verdict.DELIVERED, Verdict.BOUNCED


@pytest.mark.parametrize(
    ("verdicts", "statuses_", "events"),
    [
        ([], ["accepted"], ["accepted"]),
        ([D], ["delivered"], ["accepted", "delivered"]),
        ([D, D], ["delivered"], ["accepted", "delivered"]),
        ([B], ["bounced", "queued"], ["accepted", "bounced"]),
        ([D, B, B, D], ["bounced", "queued"], ["accepted", "delivered", "bounced"]),
    ],
)
async def test_receipts_and_bounces_of_what_a_peer_has(database, verdicts, statuses_, events):
    delivery = await one_sent(database, Channel.SMS, Channel.EMAIL)
    for said in verdicts:
        assert await verdict(database, delivery, said)
    found = await statuses(database, delivery.notice.account_id)
    assert [status for _, status in found] == statuses_
    assert await told(database) == events


async def test_a_bounce_on_the_last_channel_is_the_end(database):
    delivery = await one_sent(database, Channel.SMS)
    await verdict(database, delivery, B)
    assert await told(database) == ["accepted", "bounced", "failed"]


async def test_what_comes_back_after_the_payment_is_not_sent_another_way(database):
    delivery = await one_sent(database, Channel.SMS, Channel.EMAIL)
    await take(database, paid(delivery.notice.account_id))
    await verdict(database, delivery, B)
    assert await statuses(database, delivery.notice.account_id) == [
        ("low-balance", "bounced"),
        ("topped-up", "queued"),
    ]
    assert await told(database) == ["accepted", "bounced"]


async def test_a_receipt_before_the_acceptance_is_written_down_counts_once(database):
    delivery = await one_sent(database, Channel.SMS, Channel.EMAIL, accepted=False)
    await verdict(database, delivery, D)
    assert not await deliverer(database, at=START).record(delivery, Outcome("no answer", LEASE))
    assert await statuses(database, delivery.notice.account_id) == [("low-balance", "delivered")]
    assert await told(database) == ["delivered"]


async def test_nothing_is_delivered_that_was_never_sent(database):
    account_id = uuid4()
    await take(database, low(account_id))
    async with database.transaction() as connection:
        notice_id = await (await driver(connection)).fetchval("SELECT id FROM notice")
    take_verdict = taking(database)
    assert await take_verdict(notice_id, D, reason="")
    assert not await take_verdict(uuid4(), D, reason="")
    assert await statuses(database, account_id) == [("low-balance", "queued")]


async def test_silence_counts_after_the_stated_time_and_on_no_other_channel(database):
    sms = await one_sent(database, Channel.SMS)
    mail = await one_sent(database, Channel.EMAIL)

    async def trust(after_h: int) -> bool:
        return await TrustSilence(
            after={Channel.SMS: timedelta(hours=24)},
            open_deliveries=lambda: open_deliveries(database),
            clock=lambda: START + timedelta(hours=after_h),
        )()

    assert not await trust(23)
    assert await trust(24)
    assert not await trust(24)
    assert await told(database) == ["accepted", "accepted", "delivered"]
    assert (await statuses(database, mail.notice.account_id))[0][1] == "accepted"
    # A bounce that comes later still takes it back.
    await verdict(database, sms, B)
    assert (await told(database))[-2:] == ["bounced", "failed"]
