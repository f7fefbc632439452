"""Accounts that are warned are told a link of their own: hundreds at once, and again the same."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from ledger_checkouts import Takes
from ledger_mass import BEGIN, Mass
from ledger_scratch import Scratch

from prepay_ledger.pay_links.look_at_link import look_at
from prepay_ledger.pay_links.postgres import PostgresPayLinks
from prepay_ledger.pay_links.refusals import LinkIsOver
from prepay_ledger.pay_links.revoke_link import revoke_link
from prepay_ledger.pay_links.rules import TOLD_FOR, VALID_FOR
from prepay_ledger.pay_links.tell_links import TellLinks
from prepay_ledger.pay_links.terms import LinkTerms

pytestmark = pytest.mark.stack

HOUSES = 300
FIRST, SECOND = bytes(32), b"2" * 32
BASE = "https://pay.example"


class Undone(Exception):
    """Of a transaction."""


def telling(**keys: bytes) -> TellLinks:
    terms = LinkTerms(base_url=BASE, keys=keys, amounts={}, has_checkouts=True)
    return TellLinks(terms, [Takes()])


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Mass]:
    made = Mass(
        Scratch(own_database_url),
        houses=HOUSES,
        paced=HOUSES,
        trip=HOUSES * 2,
        pay_urls=telling(k1=FIRST),
    )
    await made.build()
    yield made
    await made.scratch.database.close()


async def told(town: Mass, tell: TellLinks, ids: list[UUID] | None = None) -> dict[UUID, str]:
    async with town.scratch.unit() as unit:
        return dict(await tell(unit, town.ids if ids is None else ids, now=town.now))


async def links(town: Mass) -> int:
    (row,) = await town.scratch.sql("SELECT count(*) AS n FROM pay_link")
    return row["n"]


async def opens(town: Mass, url: str, **keys: bytes) -> UUID:
    async with town.scratch.unit() as unit:
        token = url.removeprefix(f"{BASE}/p/")
        payable = await look_at(unit, token=token, keys=keys, now=town.now)
    return payable.link.account_id


async def events(town: Mass) -> list[tuple[str, dict]]:
    rows = await town.scratch.sql(
        "SELECT key, value FROM outbox WHERE topic = 'ledger.events.v1' ORDER BY id"
    )
    return [(row["key"].decode(), json.loads(row["value"])) for row in rows]


async def test_hundreds_that_run_out_at_once_are_told_a_link_each_in_two_statements(
    town: Mass, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("telling", "add_all", "add"):
        real = getattr(PostgresPayLinks, name)

        async def counted(self, *args, _real=real, _name=name, **more):
            asked.append(_name)
            return await _real(self, *args, **more)

        monkeypatch.setattr(PostgresPayLinks, name, counted)
    with pytest.raises(Undone):
        async with town.scratch.unit() as unit:
            nowhere = replace(town.review, pay_urls=None)
            await nowhere(unit, town.ids, now=town.now, caused_at=town.now)
            raise Undone
    assert asked == [], "where pay links are not set up nobody asks for any"
    await town.look()
    assert asked == ["telling", "add_all"]
    found = await events(town)
    exhausted = {UUID(key): event for key, event in found if "state" not in event}
    assert set(exhausted) == set(town.ids)
    urls = {account_id: event["pay_url"] for account_id, event in exhausted.items()}
    assert len(set(urls.values())) == await links(town) == HOUSES
    changed = [event for _, event in found if "state" in event]
    assert {event["state"] for event in changed} == {"disconnecting"}
    assert all(event["pay_url"] is None for event in changed), "nothing is off yet"
    moves = {row["id"]: row["moves"] for row in await town.scratch.sql("SELECT * FROM account")}
    assert {UUID(key): event["balance_number"] for key, event in found} == moves
    some = town.ids[7]
    assert await opens(town, urls[some], k1=FIRST) == some
    (row,) = await town.scratch.sql("SELECT * FROM pay_link WHERE account_id = $1", some)
    assert (row["made_by"], row["shows_needed"]) == ("prepay-ledger", False)
    assert urls[some].rpartition("/")[2].encode() not in row["token_sha256"]

    await town.go_dark()
    off = [
        (UUID(key), event["pay_url"])
        for key, event in await events(town)
        if event.get("state") == "disconnected"
    ]
    assert dict(off) == urls, "the same link is told again"
    assert await links(town) == HOUSES


async def test_a_link_is_told_again_while_it_lasts_and_its_key_is_there(town: Mass) -> None:
    ids = [*town.ids[:3]]
    first = await told(town, telling(k1=FIRST), ids)
    assert await told(town, telling(k1=FIRST), ids) == first
    assert await told(town, telling(k2=SECOND, k1=FIRST), ids) == first, "the older key stands"
    town.now = BEGIN + TOLD_FOR - VALID_FOR
    assert await told(town, telling(k1=FIRST), ids) == first
    town.now += timedelta(seconds=1)
    later = await told(town, telling(k1=FIRST), ids)
    assert not set(later.values()) & set(first.values()), "a week is left to whoever is warned"
    changed = await told(town, telling(k2=SECOND), ids)
    assert not set(changed.values()) & set(later.values()), "its key is gone"
    assert await links(town) == 9
    (link,) = await town.scratch.sql(
        "SELECT id FROM pay_link WHERE account_id = $1 AND key_id = 'k2'", ids[0]
    )
    async with town.scratch.unit() as unit:
        await revoke_link(unit=unit, link_id=link["id"], who="li", reason="lost", now=town.now)
    again = await told(town, telling(k2=SECOND), ids)
    assert again[ids[0]] != changed[ids[0]]
    assert [again[each] for each in ids[1:]] == [changed[each] for each in ids[1:]]


async def test_who_has_moved_out_is_told_none_and_the_one_that_was_told_ends(town: Mass) -> None:
    stays, goes, owes = town.ids[:3]
    urls = await told(town, telling(k1=FIRST), [stays, goes, owes])
    await town.scratch.sql("UPDATE account SET balance_micro = 0 WHERE id = $1", goes)
    await town.scratch.sql(
        "UPDATE installation SET ends_at = begins_at + interval '1 day', closing_wh = 0 "
        "WHERE account_id = ANY($1::uuid[])", [goes, owes],
    )  # fmt: skip
    assert set(await told(town, telling(k1=FIRST), [stays, goes, owes])) == {stays, owes}
    with pytest.raises(LinkIsOver):
        await opens(town, urls[goes], k1=FIRST)
    assert await opens(town, urls[owes], k1=FIRST) == owes


async def test_a_transaction_that_fails_leaves_no_link(town: Mass) -> None:
    with pytest.raises(Undone):
        async with town.scratch.unit() as unit:
            assert len(await telling(k1=FIRST)(unit, town.ids, now=town.now)) == HOUSES
            raise Undone
    assert await links(town) == 0


async def test_nobody_is_told_a_link_at_which_no_provider_takes_their_money(town: Mass) -> None:
    yuan, dollars = town.ids[:2]
    await town.scratch.sql("UPDATE account SET currency = 'USD' WHERE id = $1", dollars)
    assert set(await told(town, telling(k1=FIRST), [yuan, dollars])) == {yuan}
    both = TellLinks(telling(k1=FIRST).terms, [Takes(), Takes("USD")])
    assert set(await told(town, both, [yuan, dollars])) == {yuan, dollars}
    # One that was told before, and lasts, is told no more either.
    assert set(await told(town, telling(k1=FIRST), [yuan, dollars])) == {yuan}
