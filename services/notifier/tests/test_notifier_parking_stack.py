"""A notice whose handling raises, on the real database: it stops no other, and beyond ten all."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import UTC, timedelta
from random import random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from notifier_events import low, topped_up
from test_notifier_store import told

from notifier.channels.log.channel import LogChannel
from notifier.channels.ports import Verdict
from notifier.contacts.values import Channel, Language
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.end_parking import EndParking
from notifier.deliveries.expire import ExpireNotices
from notifier.deliveries.lane import Lane, LaneLimits
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.postgres import open_deliveries
from notifier.deliveries.postgres_parking import PostgresParkingRecords, open_parking
from notifier.deliveries.refusals import NotParked, OtherRequest
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.take_receipt import TakeReceipt
from notifier.deliveries.take_verdict import TakeVerdict
from notifier.deliveries.trust_silence import TrustSilence
from notifier.deliveries.values import PARKED_MAX, Doing, ParkedEnd
from notifier.deliveries.worker import DeliveryWorker
from notifier.notices.postgres_book import PostgresNoticeBook
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.notices.treatment import LIFETIMES
from notifier.templates.jinja import JinjaRenderer
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database, driver, is_passing_fault, is_schema_fault

pytestmark = pytest.mark.stack

UNREADABLE = """UPDATE notice SET facts = '{"at": 5}' WHERE account_id = ANY ($1::uuid[])"""
ACCEPTED = """
UPDATE notice SET status = 'accepted', attempts = 1, accepted_at = now(), next_attempt_at = NULL
WHERE account_id = $1
"""
MESSAGE = """
INSERT INTO sms_message (message_id, notice_id) SELECT 'm-1', id FROM notice WHERE account_id = $1
"""
# What no code of ours foresees: it is only raised as the acceptance of one account's is noted.
RAISES = """
CREATE OR REPLACE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'nobody foresaw this'; END $$;
CREATE TRIGGER poisoned BEFORE UPDATE ON notice FOR EACH ROW
    WHEN (OLD.account_id = '{account_id}' AND NEW.status = '{status}') EXECUTE FUNCTION poisoned()
"""
BORN_BROKEN = """
CREATE OR REPLACE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.facts := '{{"at": 5}}'; RETURN NEW; END $$;
CREATE TRIGGER poisoned BEFORE INSERT ON notice FOR EACH ROW
    WHEN (NEW.account_id = '{account_id}') EXECUTE FUNCTION poisoned()
"""


class Arrived:
    def __init__(self, event) -> None:
        self.event = event
        self.event_id = uuid4()


@pytest.fixture
async def database(notifier_store_url) -> AsyncGenerator[Database]:
    database = Database(url=notifier_store_url)
    yield database
    await execute(database, "DROP TRIGGER IF EXISTS poisoned ON notice")
    await execute(
        database, "TRUNCATE parked_notice, parked_notice_step, notice, account, outbox CASCADE"
    )
    await database.close()


async def execute(database: Database, statement: str, *values: object) -> None:
    async with database.transaction() as connection:
        await (await driver(connection)).execute(statement, *values)


async def take(database: Database, *events) -> None:
    use_case = TakeLedgerEvents(
        default_language=Language.EN,
        zone=UTC,
        lifetimes=LIFETIMES,
        clock=utc_now,
        committed=lambda: None,
    )
    async with database.transaction() as connection:
        book = PostgresNoticeBook(connection, await driver(connection), refusable=())
        await use_case(book, [Arrived(event) for event in events])


async def statuses(database: Database, account_ids: Collection[UUID]) -> list[str]:
    """In the order of the accounts."""
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch(
            "SELECT account_id, status FROM notice WHERE account_id = ANY ($1::uuid[])",
            list(account_ids),
        )
    found = {row["account_id"]: row["status"] for row in rows}
    return [found[each] for each in account_ids]


class Deliveries:
    """The delivery worker as the service makes it, over the log alone."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.records = PostgresParkingRecords(database)
        self.stop = asyncio.Event()

        def deliveries():
            return open_deliveries(database)

        def parking():
            return open_parking(database)

        park = ParkNotice(open_parking=parking, blameless=is_schema_fault, clock=utc_now)
        deliver = Deliver(
            open_deliveries=deliveries,
            channels={Channel.LOG: LogChannel()},
            renderer=JinjaRenderer(utility_name="Prewatt"),
            retries=RetryPolicy(first_s=0.1, longest_s=1),
            quiet=None,
            zone=ZoneInfo("Asia/Shanghai"),
            timeout_s=5,
            prices={},
            clock=utc_now,
            jitter=random,
        )
        lane = Lane(
            Channel.LOG,
            limits=LaneLimits(slots=8),
            open_deliveries=deliveries,
            deliver=deliver,
            park=park,
            lease=timedelta(seconds=5),
            passing=is_passing_fault,
            committed=lambda: None,
            clock=utc_now,
        )
        self.worker = DeliveryWorker(
            lanes={Channel.LOG: lane},
            open_deliveries=deliveries,
            clock=utc_now,
            expire=ExpireNotices(open_deliveries=deliveries, clock=utc_now),
            trust_silence=TrustSilence(after={}, open_deliveries=deliveries, clock=utc_now),
            park=park,
            backlog_taken=self._taken,
            passing=is_passing_fault,
            committed=lambda: None,
        )
        self.take_verdict = TakeVerdict(open_deliveries=deliveries, park=park, clock=utc_now)
        self.take_receipt = TakeReceipt(open_deliveries=deliveries, park=park, clock=utc_now)
        self._end = EndParking(
            open_parking=parking,
            clock=utc_now,
            committed=self.worker.wake,
        )
        self.running: asyncio.Task[None] | None = None

    async def _taken(self) -> bool:
        return True

    async def __aenter__(self) -> "Deliveries":
        self.running = asyncio.create_task(self.worker.run(self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        assert self.running is not None
        await asyncio.gather(self.running, return_exceptions=True)

    async def parked(self):
        return await self.records.page(after=None, limit=100)

    async def end(self, notice_id, what, *, key="k", reason="looked at it"):
        return await self._end(notice_id, what, by="li.wei", reason=reason, key=key)


async def test_a_poisoned_row_stops_no_other_and_is_let_go_or_dropped(database, notifier_until):
    accounts = [uuid4() for _ in range(6)]
    bad, sound = accounts[:2], accounts[2:]
    await take(database, *map(low, accounts))
    await execute(database, UNREADABLE, bad)

    async with Deliveries(database) as deliveries:

        async def sent(which) -> bool:
            return set(await statuses(database, which)) == {"delivered"}

        await notifier_until(lambda: sent(sound), what="the others are told")
        kept = await deliveries.parked()
        assert {each.account_id for each in kept} == set(bad)
        assert {(each.doing, each.peer_has_it) for each in kept} == {(Doing.READ, False)}
        assert all("ValidationError" in each.error for each in kept)
        # Paid meanwhile: what reminds is true no more, though nobody can read it.
        await take(database, topped_up(bad[0]))
        mine = next(each for each in kept if each.account_id == bad[0])
        other = next(each for each in kept if each.account_id == bad[1])
        # At the same time, under one key: one decision.
        first, second = await asyncio.gather(
            deliveries.end(mine.notice_id, ParkedEnd.DROPPED),
            deliveries.end(mine.notice_id, ParkedEnd.DROPPED),
        )
        assert first == second
        with pytest.raises(OtherRequest):
            await deliveries.end(other.notice_id, ParkedEnd.DROPPED)
        with pytest.raises(NotParked):
            await deliveries.end(mine.notice_id, ParkedEnd.RELEASED, key="k2")
        # Let go as it is, it is parked again; mended, it goes.
        await deliveries.end(other.notice_id, ParkedEnd.RELEASED, key="k3")

        async def again() -> bool:
            return [each.since > other.since for each in await deliveries.parked()] == [True]

        await notifier_until(again, what="it is parked again")
        await execute(
            database,
            "UPDATE notice SET facts = (SELECT facts FROM notice WHERE account_id = $2 LIMIT 1) "
            "WHERE account_id = $1",
            bad[1],
            sound[0],
        )
        await deliveries.end(other.notice_id, ParkedEnd.RELEASED, key="k4")
        await notifier_until(lambda: sent(bad[1:]), what="it is sent")
        steps = await deliveries.records.steps(before=None, limit=10)
        assert [(each.what, each.by, each.reason) for each in steps] == [
            ("released", "li.wei", "looked at it"),
            ("released", "li.wei", "looked at it"),
            ("dropped", "li.wei", "looked at it"),
        ]
    async with database.transaction() as connection:
        row = await (await driver(connection)).fetchrow(
            "SELECT status, reason FROM notice WHERE id = $1", mine.notice_id
        )
    assert tuple(row) == ("withdrawn", "dropped by li.wei: looked at it")


@pytest.mark.parametrize(("status", "doing"), [("delivered", "record"), ("expired", "expire")])
async def test_one_that_raises_as_it_is_written_down(database, notifier_until, status, doing):
    bad, sound = uuid4(), uuid4()
    await take(database, low(bad), low(sound))
    await execute(database, RAISES.format(account_id=bad, status=status))
    if status == "expired":
        await execute(database, "UPDATE notice SET give_up_at = now(), expires_at = now()")
    async with Deliveries(database) as deliveries:

        async def ended() -> bool:
            return await statuses(database, [sound]) == [status]

        await notifier_until(ended, what="the other ends")
        await notifier_until(lambda: _some(deliveries), what="it is parked")
        (kept,) = await deliveries.parked()
        assert (kept.account_id, kept.doing, kept.peer_has_it, kept.status) == (
            bad,
            doing,
            doing == "record",
            "sending",
        )
        assert "nobody foresaw this" in kept.error
        assert not deliveries.running.done()
        await deliveries.end(kept.notice_id, ParkedEnd.DROPPED)
        assert await statuses(database, [bad]) == ["failed"]


async def _some(deliveries: Deliveries) -> bool:
    return bool(await deliveries.parked())


async def test_a_receipt_of_one_that_cannot_be_read_is_kept_and_ends_no_link(database):
    account_id = uuid4()
    await take(database, low(account_id))
    await execute(database, ACCEPTED, account_id)
    await execute(database, MESSAGE, account_id)
    await execute(database, UNREADABLE, [account_id])
    deliveries = Deliveries(database)
    for _ in range(2):
        assert await deliveries.take_receipt("m-1", Verdict.DELIVERED, reason="DELIVRD")
    (kept,) = await deliveries.parked()
    assert (kept.account_id, kept.doing, kept.peer_has_it) == (account_id, Doing.READ, True)
    assert await statuses(database, [account_id]) == ["accepted"]
    sound = uuid4()
    await take(database, low(sound))
    await execute(
        database,
        "UPDATE notice SET facts = (SELECT facts FROM notice WHERE account_id = $2) "
        "WHERE account_id = $1",
        account_id,
        sound,
    )
    # It dies as that is written down: nothing of the release is.
    await execute(database, RAISES.format(account_id=account_id, status="delivered"))
    with pytest.raises(asyncpg.RaiseError):
        await deliveries.end(kept.notice_id, ParkedEnd.RELEASED)
    assert [each.notice_id for each in await deliveries.parked()] == [kept.notice_id]
    assert await statuses(database, [account_id]) == ["accepted"]
    await execute(database, "DROP TRIGGER poisoned ON notice")
    # The centre says it no more: what it has said counts as soon as the notice can be read.
    await deliveries.end(kept.notice_id, ParkedEnd.RELEASED)
    assert await statuses(database, [account_id]) == ["delivered"]
    assert await deliveries.parked() == []


async def test_let_go_while_it_cannot_be_read_it_stays_parked_with_what_was_said(database):
    account_id = uuid4()
    await take(database, low(account_id))
    await execute(database, ACCEPTED, account_id)
    await execute(database, MESSAGE, account_id)
    await execute(database, UNREADABLE, [account_id])
    deliveries = Deliveries(database)
    assert await deliveries.take_receipt("m-1", Verdict.BOUNCED, reason="UNDELIV")
    (kept,) = await deliveries.parked()
    await deliveries.end(kept.notice_id, ParkedEnd.RELEASED)
    (again,) = await deliveries.parked()
    assert (again.notice_id, again.peer_has_it) == (kept.notice_id, True)
    assert again.since > kept.since
    assert await statuses(database, [account_id]) == ["accepted"]


BOUNCED, DELIVERED = Verdict.BOUNCED, Verdict.DELIVERED


@pytest.mark.parametrize(
    ("begun", "said", "status"),
    [
        ("accepted", [DELIVERED, DELIVERED], "delivered"),
        ("accepted", [BOUNCED], "bounced"),
        # What came back stays so, in whichever order both come.
        ("accepted", [DELIVERED, BOUNCED], "bounced"),
        ("accepted", [BOUNCED, DELIVERED], "bounced"),
        # It counted as delivered before it came back.
        ("delivered", [BOUNCED], "bounced"),
    ],
)
async def test_a_verdict_on_one_that_cannot_be_read_is_kept_until_it_can_be(
    database, begun, said, status
):
    """Mails that come back, and SMS that a gateway reports of by their address."""
    account_id, sound = uuid4(), uuid4()
    await take(database, low(account_id), low(sound))
    await execute(database, ACCEPTED, account_id)
    if begun == "delivered":
        await execute(
            database,
            "UPDATE notice SET status = 'delivered', proof = 'receipt', finished_at = now() "
            "WHERE account_id = $1",
            account_id,
        )
    await execute(database, UNREADABLE, [account_id])
    deliveries = Deliveries(database)
    async with database.transaction() as connection:
        notice_id = await (await driver(connection)).fetchval(
            "SELECT id FROM notice WHERE account_id = $1", account_id
        )
    for verdict in said:
        assert await deliveries.take_verdict(notice_id, verdict, reason="5.1.1")
    (kept,) = await deliveries.parked()
    assert (kept.notice_id, kept.doing, kept.peer_has_it) == (notice_id, Doing.READ, True)
    assert await statuses(database, [account_id]) == [begun]
    # It is let go too early: what was said stays with it.
    await deliveries.end(notice_id, ParkedEnd.RELEASED)
    assert [each.notice_id for each in await deliveries.parked()] == [notice_id]
    await execute(
        database,
        "UPDATE notice SET facts = (SELECT facts FROM notice WHERE account_id = $2) "
        "WHERE account_id = $1",
        account_id,
        sound,
    )
    await deliveries.end(notice_id, ParkedEnd.RELEASED, key="k2")
    assert await deliveries.parked() == []
    assert await statuses(database, [account_id]) == [status]
    assert (await told(database))[0] == status


async def test_beyond_ten_all_stops_and_says_so(database, notifier_until, caplog):
    bad, sound = [uuid4() for _ in range(PARKED_MAX)], uuid4()
    await take(database, *map(low, bad))
    await execute(database, UNREADABLE, bad)
    async with Deliveries(database) as deliveries:

        async def parked() -> bool:
            return len(await deliveries.parked()) == PARKED_MAX

        await notifier_until(parked, what="ten are parked")
        await take(database, low(sound))

        async def sent() -> bool:
            return await statuses(database, [sound]) == ["delivered"]

        await notifier_until(sent, what="ten stop nobody")
        eleventh = uuid4()
        await execute(database, RAISES.format(account_id=eleventh, status="delivered"))
        await take(database, low(eleventh))
        await notifier_until(deliveries.running.done, what="the worker stops")
        with pytest.raises(ExceptionGroup) as raised:
            await deliveries.running
        assert "nobody foresaw this" in _leaves(raised.value)
        assert len(await deliveries.parked()) == PARKED_MAX
    assert "10 notices are parked, and one more raises: deliveries stop" in caplog.text


def _leaves(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return " ".join(_leaves(each) for each in error.exceptions)
    return str(error)


async def test_the_service_goes_on_beside_one_and_people_decide_about_it(notifier, notifier_until):
    bad, sound = await notifier.account(), await notifier.account()
    connection = await notifier.connect()
    try:
        await connection.execute(BORN_BROKEN.format(account_id=bad))
        await notifier.publish(low(bad))
        await notifier.publish(low(sound))
        await notifier.until_notices(sound, ("low-balance", "log", "delivered"))
    finally:
        await connection.execute("DROP TRIGGER IF EXISTS poisoned ON notice")
        await connection.close()
    async with notifier.http("notifier:read", "notifier:write") as client:
        found: list[dict] = []

        async def listed() -> bool:
            found[:] = (await client.get("/v1/parked-notices")).json()["items"]
            return [each["account_id"] for each in found] == [str(bad)]

        await notifier_until(listed, what="it is parked")

        async def measured() -> bool:
            return "prewatt_notifier_parked_notices 1.0" in (await client.get("/metrics")).text

        await notifier_until(measured, what="the metric says so")
        path = f"/v1/parked-notices/{found[0]['notice_id']}/drop"
        body = {"reason": "the row is broken"}
        refused = await client.post(path, json=body)
        assert refused.status_code == 422, refused.text
        answers = await asyncio.gather(
            *(client.post(path, json=body, headers={"idempotency-key": "d-1"}) for _ in range(2))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        late = await client.post(path, json=body, headers={"idempotency-key": "d-2"})
        assert (late.status_code, late.json()["type"]) == (404, "urn:prewatt:problem:not-parked")
        (step,) = (await client.get("/v1/parked-notice-steps")).json()["items"]
        assert (step["what"], step["by"], step["reason"]) == ("dropped", "test", body["reason"])
    (notice,) = await notifier.notices(bad)
    assert (notice["status"], notice["reason"]) == ("failed", "dropped by test: the row is broken")
