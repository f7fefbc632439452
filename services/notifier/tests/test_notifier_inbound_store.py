"""Messages on the real PostgreSQL, at a clock of the test's: who works on them, in which order,
what is given up, what is forgotten."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from notifier.channels.ports import Coding, Written, WrittenPart
from notifier.contacts.consents import Purpose
from notifier.contacts.postgres import PostgresContacts
from notifier.contacts.postgres_consents import open_consents
from notifier.contacts.set_consents import SetConsents
from notifier.contacts.values import Channel, Contact, Language
from notifier.inbound.catalogue import shipped
from notifier.inbound.ledger import NoLedger
from notifier.inbound.look_after import LookAfterMessages
from notifier.inbound.obey import Obey
from notifier.inbound.ports import LedgerAway
from notifier.inbound.postgres import PostgresInbound, open_inbound
from notifier.inbound.take_message import TakeMessage
from notifier.inbound.values import CreditAnswer, Lasting, Retention, Standing
from notifier.inbound.work_messages import AnswersAre, WorkMessages
from notifier.notices.treatment import LIFETIMES
from prewatt_common.db.database import Database, driver

pytestmark = pytest.mark.stack

PHONES = iter(range(10_000))
LEASE = timedelta(seconds=60)


class LedgerThatIsAway:
    """How often it was asked; what it says once it is back."""

    asked = 0
    is_back = False

    async def standing(self, account_id: UUID) -> Standing:
        self.asked += 1
        if not self.is_back:
            raise LedgerAway("away")
        return Standing(datetime(2026, 3, 1, tzinfo=UTC), "CNY", 7_000_000, 7_000_000)

    async def lasting(self, account_id: UUID) -> Lasting:
        return Lasting(await self.standing(account_id), None, None)

    async def accept_credit(self, account_id: UUID, *, message_id: UUID) -> CreditAnswer:
        return CreditAnswer(await self.standing(account_id), 5_000_000)

    async def pay_link(self, account_id: UUID, *, message_id: UUID) -> str:
        await self.standing(account_id)
        return f"https://pay.example.org/p/{message_id.hex[:16]}"


class Desk:
    """All that is needed, on one database, at ``now``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.ledger = LedgerThatIsAway()
        self.phone = f"+86137000{next(PHONES):05d}"
        self.take = TakeMessage(open_inbound=self.open, country_code="86", clock=lambda: self.now)

    def open(self):
        return open_inbound(self.database)

    def worker(self) -> WorkMessages:
        consents = SetConsents(
            open_consents=lambda: open_consents(self.database),
            refusable=[Purpose.NEWS],
            clock=lambda: self.now,
        )
        return WorkMessages(
            open_inbound=self.open,
            ledger=self.ledger,
            obey=Obey(open_inbound=self.open, set_consents=consents, refusable=[Purpose.NEWS]),
            catalogue=shipped(),
            are=AnswersAre(
                lifetimes=LIFETIMES, zone="Asia/Shanghai", pay_at=None, country_code="86"
            ),
            lease=LEASE,
            clock=lambda: self.now,
            jitter=lambda: 1.0,
            passing=lambda _: False,
            committed=lambda: None,
        )

    async def write(self, text: str) -> None:
        await self.take(Written(gateway="smpp", id=None, sender=self.phone, text=text))

    async def account(self) -> UUID:
        account_id = uuid4()
        contact = Contact(account_id, Language.EN, None, self.phone, (Channel.SMS,))
        async with self.connected() as connection:
            await PostgresContacts(connection).put([contact])
        return account_id

    async def rows(self) -> list[tuple]:
        query = (
            "SELECT status, attempts, word, outcome, answer FROM inbound_message "
            "WHERE sender = $1 ORDER BY sequence"
        )
        async with self.connected() as connection:
            return [tuple(row) for row in await connection.fetch(query, self.phone)]

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator:
        async with self.database.transaction() as connection:
            yield await driver(connection)


@pytest.fixture
async def desk(notifier_store_url) -> AsyncGenerator[Desk]:
    database = Database(url=notifier_store_url)
    async with database.transaction() as connection:
        await (await driver(connection)).execute("DELETE FROM inbound_message")
    yield Desk(database)
    await database.close()


@pytest.mark.parametrize(("word", "hours"), [("balance", 0.5), ("credit", 12)])
async def test_the_ledger_is_asked_anew_until_it_is_too_late(desk, word, hours):
    await desk.account()
    await desk.write(word)
    work, began = desk.worker(), desk.now
    pauses = []
    for _ in range(5):
        assert await work() == 0.0
        (row,) = await desk.rows()
        assert row[0] == "waiting"
        async with desk.connected() as connection:
            due = await connection.fetchval("SELECT min(next_attempt_at) FROM inbound_message")
        pauses.append((due - desk.now).total_seconds())
        # Before it is due nobody takes it.
        assert await work() is None
        desk.now = due
    assert pauses == [2, 6, 18, 54, 60]
    desk.now = began + timedelta(hours=hours)
    assert await work() == 0.0
    assert await desk.rows() == [("done", 6, word, "given-up", "answer-failed")]
    assert desk.ledger.asked == 6


async def test_who_died_over_a_message_leaves_it_to_the_next(desk):
    account_id = await desk.account()
    await desk.write("balance")
    async with desk.open() as store:
        dead = await store.claim(now=desk.now, lease_until=desk.now + LEASE)
    assert dead is not None
    work = desk.worker()
    # The same number's next waits for its earlier one; another number's does not.
    await desk.write("help")
    assert await work() is None
    desk.now += LEASE
    desk.ledger.is_back = True
    assert await work() == 0.0
    assert await work() == 0.0
    assert [row[1:] for row in await desk.rows()] == [
        (2, "balance", "done", "answer-balance"),
        (1, "help", "done", "answer-help"),
    ]
    # The one that was taken for dead comes back late: what it says is not taken.
    late = await desk.worker()._reply(dead)
    await desk.worker()._finish(dead, late)
    async with desk.connected() as connection:
        query = "SELECT count(*) FROM notice WHERE account_id = $1 AND cause_id = $2"
        assert await connection.fetchval(query, account_id, dead.id) == 1


async def test_a_credit_that_waits_holds_up_nothing_of_its_number(desk):
    await desk.account()
    await desk.write("credit")
    work = desk.worker()
    assert await work() == 0.0
    await desk.write("stop")
    assert await work() == 0.0
    rows = await desk.rows()
    assert [row[0] for row in rows] == ["waiting", "done"]
    assert rows[1][4] == "answer-stopped"


async def test_the_same_words_are_one_message_for_two_minutes_and_not_for_ever(desk):
    for minutes in (0, 1, 1.9):
        desk.now += timedelta(minutes=minutes)
        await desk.write("balance")
    assert len(await desk.rows()) == 2
    await desk.write("days")
    assert len(await desk.rows()) == 3


async def test_of_stop_start_and_stop_again_all_three_are_heard(desk):
    account_id = await desk.account()
    for text in ("STOP", "START", "STOP"):
        await desk.write(text)
    work = desk.worker()
    while await work() == 0.0:
        desk.now += timedelta(seconds=1)
    async with desk.connected() as connection:
        rows = await connection.fetch(
            "SELECT given FROM consent WHERE account_id = $1 ORDER BY sequence", account_id
        )
    assert [row["given"] for row in rows] == [False, True, False]


async def test_a_message_that_we_fail_at_ends_nothing_else(desk, monkeypatch):
    await desk.account()
    await desk.write("balance")

    async def fails(_: UUID) -> Standing:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(desk.ledger, "standing", fails)
    work = desk.worker()
    for _ in range(10):
        assert await work() == 0.0
        desk.now += timedelta(seconds=60)
    assert await work() is None
    assert await desk.rows() == [("done", 10, None, "given-up", None)]


async def test_a_ledger_that_was_away_for_long_is_no_fault_of_ours(desk, monkeypatch):
    await desk.account()
    await desk.write("credit")
    work = desk.worker()
    for _ in range(12):
        assert await work() == 0.0
        desk.now += timedelta(seconds=70)

    async def fails(_: UUID, *, message_id: UUID) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(desk.ledger, "accept_credit", fails)
        assert await work() == 0.0
    ((status, attempts, *_),) = await desk.rows()
    assert (status, attempts) == ("waiting", 13)


async def test_what_is_old_is_forgotten_and_what_waits_is_not(desk):
    await desk.account()
    await desk.write("help")
    await desk.worker()()
    await desk.write("balance")
    part = WrittenPart(
        gateway="smpp",
        sender=desk.phone,
        reference=1,
        total=2,
        number=1,
        coding=Coding.GSM,
        octets=b"BAL",
    )
    await desk.take.part(part)
    look_after = LookAfterMessages(
        open_inbound=desk.open, retention=Retention(timedelta(days=90)), clock=lambda: desk.now
    )
    desk.now += timedelta(days=89)
    await look_after()
    assert len(await desk.rows()) == 2
    desk.now += timedelta(days=2)
    await look_after()
    assert [row[0] for row in await desk.rows()] == ["waiting"]
    async with desk.connected() as connection:
        assert await connection.fetchval("SELECT count(*) FROM inbound_part") == 0
        assert await PostgresInbound(connection).oldest_waiting() is not None


async def test_a_reference_that_a_phone_uses_again_is_of_another_text(desk):
    def part(number: int, octets: bytes) -> WrittenPart:
        return WrittenPart(
            gateway="smpp",
            sender=desk.phone,
            reference=1,
            total=2,
            number=number,
            coding=Coding.GSM,
            octets=octets,
        )

    await desk.take.part(part(1, b"OLD"))
    desk.now += timedelta(days=1, seconds=1)
    await desk.take.part(part(2, b"ANCE"))
    assert await desk.rows() == []
    await desk.take.part(part(1, b"BAL"))
    async with desk.connected() as connection:
        assert await connection.fetchval("SELECT text FROM inbound_message") == "BALANCE"


async def test_a_number_that_is_anothers_by_now_is_told_nothing(desk):
    account_id = await desk.account()
    await desk.write("help")
    async with desk.open() as store:
        message = await store.claim(now=desk.now, lease_until=desk.now + LEASE)
    assert message is not None
    reply = await desk.worker()._reply(message)
    async with desk.connected() as connection:
        await connection.execute(
            "UPDATE contact SET phone = '+8613699999999' WHERE account_id = $1", account_id
        )
    await desk.worker()._finish(message, reply)
    assert await desk.rows() == [("done", 1, "help", "done", None)]


async def test_without_a_ledger_nobody_waits(desk):
    await desk.account()
    await desk.write("balance")
    desk.ledger = NoLedger()
    assert await desk.worker()() == 0.0
    assert await desk.rows() == [("done", 1, "balance", "not-offered", "answer-failed")]
