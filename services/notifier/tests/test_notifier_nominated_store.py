"""What a nominated person says and is told, in PostgreSQL."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from test_notifier_store import START, claim, database, low, take

from notifier.contacts.nominations import Agreement, Nomination
from notifier.contacts.postgres import open_contacts
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.postgres_resends import open_resends
from notifier.deliveries.refusals import NotResent
from notifier.deliveries.resend import ResendNotice, ResendOrder
from notifier.inbound.postgres import open_inbound
from notifier.notices.nominate import NominatePerson
from notifier.notices.postgres_customers import open_customer_records
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import Database, driver
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

USED = (database,)
"""Fixtures."""
AGREED = Agreement("by telephone", START)


async def nominate(database: Database, account_id: UUID, phone: str, person=AGREED) -> None:
    contact = Contact(
        account_id, Language.EN, None, phone, (Channel.SMS, Channel.LOG), role=Role.NOMINATED
    )
    wanted = Nomination(
        id=new_id(), contact=contact, customer=AGREED, person=person, by="li", at=START
    )
    use_case = NominatePerson(
        open_records=lambda: open_customer_records(database), clock=lambda: START
    )
    assert await use_case(wanted) is not None


async def warned(database: Database) -> UUID:
    """An account both of whose people a warning waits for."""
    account_id = uuid4()
    async with open_contacts(database) as store:
        await store.put([Contact(account_id, Language.EN, None, "+8613800000001", (Channel.LOG,))])
    await nominate(database, account_id, "+8613800000002")
    await take(database, low(account_id))
    return account_id


async def say(database: Database, account_id: UUID, *, told: bool) -> None:
    async with open_inbound(database) as store:
        await store.say_of_nomination(account_id, told=told, how="SMS", now=START)


async def notices(database: Database) -> dict[str, tuple[UUID, str]]:
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch("SELECT * FROM notice")
    return {row["role"]: (row["id"], row["status"]) for row in rows}


async def test_what_waits_for_who_said_stop_is_not_sent_and_the_customers_is(database):
    account_id = await warned(database)
    await say(database, account_id, told=False)
    assert await claim(database, at=START, channel=Channel.SMS) == []
    statuses = {role: status for role, (_, status) in (await notices(database)).items()}
    assert statuses == {"customer": "queued", "nominated": "declined"}


async def test_nothing_is_said_anew_to_who_said_stop(database):
    account_id = await warned(database)
    (delivery,) = await claim(database, at=START, channel=Channel.SMS)
    async with database.transaction() as connection:
        await (await driver(connection)).execute(
            "UPDATE notice SET status = 'failed', next_attempt_at = NULL WHERE id = $1",
            delivery.notice.id,
        )
    resend = ResendNotice(
        open_resends=lambda: open_resends(database),
        clock=lambda: START + timedelta(minutes=1),
        committed=lambda: None,
    )
    order = ResendOrder(notice_id=delivery.notice.id, by="li", reason="r", key="k")
    await say(database, account_id, told=False)
    with pytest.raises(NotResent, match="wants no notices"):
        await resend(order)
    await say(database, account_id, told=True)
    assert (await resend(order)).of == delivery.notice.id


async def test_what_who_is_named_no_more_wrote_is_forgotten(database):
    account_id = await warned(database)
    phones = ("+8613800000002", "+8613800000003")
    async with database.transaction() as connection:
        await (await driver(connection)).executemany(
            "INSERT INTO inbound_message (id, gateway, sender, text, heard_at, status, outcome, "
            "worked_at) VALUES ($1, 'g', $2, 'STOP', $3, 'done', 'done', $3)",
            [(uuid4(), phone, START) for phone in phones],
        )
    await nominate(database, account_id, phones[1], person=Agreement("by SMS", START))
    async with database.transaction() as connection:
        inner = await driver(connection)
        kept = await inner.fetch(
            "DELETE FROM inbound_message WHERE sender = ANY($1) RETURNING sender", phones
        )
    assert [row["sender"] for row in kept] == [phones[1]]


async def test_a_stop_holds_where_the_customer_alone_agrees_anew(database):
    account_id = await warned(database)
    await say(database, account_id, told=False)
    wanted = Nomination(
        id=new_id(),
        contact=Contact(
            account_id, Language.EN, None, "+8613800000002", (Channel.SMS,), role=Role.NOMINATED
        ),
        customer=Agreement("by post", START),
        person=AGREED,
        by="li",
        at=START,
    )
    use_case = NominatePerson(
        open_records=lambda: open_customer_records(database), clock=lambda: START
    )
    made = await use_case(wanted)
    assert made is not None
    assert made.is_told is False
