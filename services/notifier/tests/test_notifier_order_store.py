"""Events that come again from the beginning, in PostgreSQL: what is newer stays as it was told."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC
from uuid import UUID, uuid4

import pytest
from notifier_events import low, next_number, topped_up
from test_notifier_store import START, database, statuses

from notifier.contacts.values import Language
from notifier.notices.postgres_book import PostgresNoticeBook
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.notices.treatment import LIFETIMES
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_events_v1 import AccountOpened, Credited
from prewatt_common.db.database import Database, driver

pytestmark = pytest.mark.stack

USED = (database,)
"""Fixtures."""


@dataclass(frozen=True)
class Sent:
    """An event with the id under which it comes again."""

    event: Event
    event_id: UUID = field(default_factory=uuid4)


def credited(account_id: UUID) -> Credited:
    """Of which nobody is told: nothing is kept that a repeat would be known by."""
    return Credited(
        account_id=account_id,
        kind="sla_credit",
        source=str(uuid4()),
        amount_micro=50_000_000,
        balance_micro=62_000_000,
        balance_number=next_number(),
        currency="CNY",
        at=START,
    )


async def take(database: Database, *batch: Sent) -> None:
    use_case = TakeLedgerEvents(
        default_language=Language.EN,
        zone=UTC,
        lifetimes=LIFETIMES,
        clock=lambda: START,
        committed=lambda: None,
    )
    async with database.transaction() as connection:
        book = PostgresNoticeBook(connection, await driver(connection), refusable=())
        await use_case(book, list(batch))


def history(account_id: UUID) -> list[Sent]:
    """Warned, paid, credited, and warned again by what was used since."""
    made = (low, topped_up, credited, low)
    return [Sent(event(account_id)) for event in made]


TOLD = [("low-balance", "withdrawn"), ("topped-up", "queued"), ("low-balance", "queued")]


async def test_the_topic_from_its_beginning_leaves_the_newer_warning(database):
    account_id = uuid4()
    events = history(account_id)
    await take(database, *events)
    assert await statuses(database, account_id) == TOLD
    for begin in range(len(events)):
        for each in events[begin:]:
            await take(database, each)
        await take(database, *events)
    assert await statuses(database, account_id) == TOLD


async def test_a_late_warning_is_not_told_and_a_late_receipt_is(database):
    account_id = uuid4()
    first, payment, credit, second = history(account_id)
    await take(database, second)
    await take(database, first, payment, credit)
    assert await statuses(database, account_id) == [
        ("low-balance", "queued"),
        ("topped-up", "queued"),
    ]


async def test_two_that_have_the_same_partition_for_a_moment(database):
    """The one that lost it may still be at a batch that the other has already taken beyond."""
    account_id = uuid4()
    events = history(account_id)
    await take(database, *events[:1])
    await asyncio.gather(*(take(database, *events[:upto]) for upto in (4, 3, 4, 2)))
    assert await statuses(database, account_id) == TOLD


def opened(account_id: UUID) -> AccountOpened:
    return AccountOpened(
        account_id=account_id,
        number=f"n-{account_id}",
        currency="CNY",
        opened_at=START,
        balance_micro=0,
        balance_number=0,
    )


async def test_an_account_has_its_number_whatever_is_told_of_it_besides_and_before(database):
    alone, warned, known, strange = (uuid4() for _ in range(4))
    events = [Sent(low(known)), Sent(low(strange))]
    await take(database, *events)
    events += [Sent(opened(each)) for each in (known, alone, warned)] + [Sent(low(warned))]
    for _ in range(2):
        await take(database, *events)
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch(
            "SELECT id, number FROM account WHERE id = ANY($1::uuid[])",
            [alone, warned, known, strange],
        )
    assert {row["id"]: row["number"] for row in rows} == {
        **{each: f"n-{each}" for each in (alone, warned, known)},
        strange: None,
    }
    for each in (warned, known, strange):
        assert await statuses(database, each) == [("low-balance", "queued")]
    assert await statuses(database, alone) == []
