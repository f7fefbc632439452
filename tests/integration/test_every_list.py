"""Every list of every service on the real PostgreSQL, found in its OpenAPI document: it is read on
page by page while rows are added and changed, and a cursor is good for its own list alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from list_rows import ELSEWHERE, LISTS, Item, Listed
from own_databases import own_database
from service_apps import PACKAGES, SCOPES, app_of, token

from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack

PROBLEM = "application/problem+json"
ROWS = 15
MONTH = "2026-03"
WHOLE = {
    "/v1/accounts/{account_id}/forecast held_by": "as many as a calendar has kinds of holds",
    "/v1/accounts/{account_id}/dues periods": "the last 36",
    "/v1/accounts agreements": "as many as the account has had tariffs",
    "/v1/accounts installations": "as many as the account has had meters",
    "/v1/accounts/{account_id} agreements": "as many as the account has had tariffs",
    "/v1/accounts/{account_id} installations": "as many as the account has had meters",
    "/v1/meters/{meter_id}/installations": "as many as the meter has had places",
    "/v1/meters/{meter_id}/days": "at most 400 days, which the question names",
    "/v1/meters/{meter_id}/usage slices": "of at most so many days as the resolution allows",
    "/v1/hardship/flags/{flag_id} indicators": "as many as there are: eight",
    "/v1/hardship/flags/{flag_id} evidence": "as many as there are indicators: eight",
    "/v1/hardship/flags/{flag_id} doubts": "as many as there are: one",
    "/v1/hardship/flags/{flag_id} history": "one each time that its signs changed",
    "/v1/hardship/flags/{flag_id} acknowledgements": "one each time that a person acts",
    "/v1/templates/holes holes": "as many as there are templates, languages and channels",
    "/v1/templates/to-register texts": "as many as there are templates",
    "/v1/templates/to-register places": "as many as the text has",
    "/v1/templates/{text_id}/preview findings": "twenty at most",
    "/v1/templates/{text_id}/preview samples": "as many as a template has kinds of notices",
    "/v1/debts plan": "sixty instalments at most",
    "/v1/debts/{debt_id}/plan plan": "sixty instalments at most",
    "/v1/debts/{debt_id}/pause plan": "sixty instalments at most",
    "/v1/contacts/{account_id} channels": "as many as there are channels",
    "/v1/contacts/{account_id}/nominated channels": "as many as there are channels",
    "/v1/contacts/{account_id}/consents consents": "one for each purpose",
    "/v1/campaigns channels": "as many as there are channels",
    "/v1/campaigns/{campaign_id} channels": "as many as there are channels",
    "/v1/campaigns/{campaign_id}/approve channels": "as many as there are channels",
    "/v1/campaigns/{campaign_id}/results channels": "as many as there are channels",
    "/v1/webhooks/{webhook_id} events": "as many as there are kinds of events",
    "/v1/payments/{payment}/receipt proof": "as many as the day's payments halve to one",
    "/v1/receipt-keys keys": "those of the settings",
    "/v1/dead-letters/{letter} headers": "as the record has them",
    "/v1/dead-letters/{letter} replays": "one each time that a person has it handled again",
    "/v1/totals currencies": "as many as the utility sells in",
    "/v1/offsets offsets": "one for each group and partition",
    "/v1/offsets accepted": "the last hundred",
    "/v1/seals/{day}/proof proof": "as long as the tree is high",
    "/v1/policies/{policy_id}/differences differences": "as many as two documents have fields",
    "/v1/accounts/{account_id}/supply/explanation holds": "as many as hold one account at once",
    "/v1/command-keys keys": "two that stand, and those of earlier rotations",
    "/v1/command-keys first_missing": "ten at most",
    "/v1/bank/statements statements": "as many as the bank put into one file",
    "/v1/bank/statements/{file_id} statements": "as many as the bank put into one file",
    "/v1/bank/silent-accounts": "accounts of the utility at banks, a handful",
    "/v1/settlements/owed": "a provider and currency each",
    "/v1/settlements/differences/{difference_id} steps": "one each time that somebody acts",
    "/v1/debit-files/{file_id} steps": "three at most",
    "/v1/transfer-files/{file_id} steps": "four at most",
    "/v1/payouts/{payout_id} steps": "one each time that somebody acts",
    "/v1/vendors/{code} sellers": "as many as take turns at its tills",
    "/v1/payments/{payment}/candidates": "twenty at most",
    "/v1/payment-events/{event} steps": "one each time that a person deals with the event",
}
"""Answers that hold a list as a whole, and why it is short."""
CASES = [(package, path) for package in PACKAGES for path in LISTS[package]]
every_list = pytest.mark.parametrize(("package", "path"), CASES)


@dataclass
class Service:
    """A service's app on a database of its own."""

    app: FastAPI
    api: httpx.AsyncClient
    connection: asyncpg.Connection


@dataclass
class Reader:
    """Reads one list of one owner, by ``key`` of its rows."""

    service: Service
    listed: Listed
    path: str
    owner: str
    added: int = 0

    async def ask(self, *, of: str | None = None, **page: Any) -> httpx.Response:
        """A page; ``of`` another owner where told."""
        owner = self.owner if of is None else of
        query = {name: value.format(owner=owner) for name, value in self.listed.query.items()}
        return await self.service.api.get(_at(self.path, owner), params=query | page)

    async def page(self, **page: Any) -> tuple[list[Any], str | None]:
        """The keys of a page's rows, and its ``next``."""
        answer = await self.ask(**page)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return [_key(self.listed, each) for each in found["items"]], found["next"]

    async def add(self, rows: int = 1) -> None:
        """Rows more."""
        for _ in range(rows):
            await self.listed.add(self.service.connection, self.owner, self.added)
            self.added += 1

    async def walk(self, *, limit: int, moving: bool) -> list[Any]:
        """All keys; while ``moving``, rows are added and changed between pages."""
        seen: list[Any] = []
        further: dict[str, str] = {}
        for turn in range(1000):
            keys, next_ = await self.page(limit=limit, **further)
            assert keys or not further, "a page promised more and there was none"
            assert len(keys) == limit or next_ is None
            seen += keys
            if next_ is None:
                return seen
            further = {"cursor": next_}
            if moving:
                # Rows that sort before and after; not for ever, or a list could grow as it is read.
                await self.add(1 if turn < ROWS else 0)
                if self.listed.moves:
                    await self.service.connection.execute(self.listed.moves)
        raise AssertionError("it does not end")


@pytest.fixture(scope="module")
async def services(stack) -> AsyncGenerator[dict[str, Service]]:
    """The four of them; nothing runs but their HTTP."""
    async with AsyncExitStack() as opened:
        monkeypatch = opened.enter_context(pytest.MonkeyPatch.context())
        running: dict[str, Service] = {}
        for package in PACKAGES:
            url = await opened.enter_async_context(own_database(stack, package))
            await asyncio.to_thread(migrate, package=package, database_url=url)
            app = await opened.enter_async_context(app_of(package, monkeypatch, database_url=url))
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url=f"http://{package}",
                headers=token(*SCOPES),
            )
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            opened.push_async_callback(connection.close)
            api = await opened.enter_async_context(client)
            running[package] = Service(app, api, connection)
        yield running


@pytest.fixture
async def reader(services, package: str, path: str) -> Reader:
    """Of the list, with rows in it."""
    reader = await _reader(services, package, path)
    await reader.add(ROWS)
    return reader


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_list_is_known_and_none_is_given_whole(services, package):
    lists, whole = _lists_of(services[package].app)
    assert lists == LISTS[package].keys() | ELSEWHERE.keys(), (
        "say in list_rows.py how a list comes by its rows"
    )
    assert whole <= set(WHOLE), "give a list in pages (prewatt_common.http.pages)"


@every_list
@pytest.mark.parametrize("limit", [1, 7])
async def test_each_row_comes_once_while_rows_are_added_and_changed(reader, limit):
    before = await reader.walk(limit=1000, moving=False)
    assert len(before) >= ROWS
    seen = await reader.walk(limit=limit, moving=True)
    assert seen == sorted(set(seen), reverse=reader.listed.newest_first)
    if reader.listed.newest_first:
        assert seen == before, "what is newer than the first page is not shown"
    else:
        assert set(before) <= set(seen)
        assert set(seen) <= set(await reader.walk(limit=1000, moving=False))


@every_list
async def test_next_is_null_exactly_where_nothing_follows(reader):
    every, next_ = await reader.page(limit=1000)
    assert next_ is None
    assert await reader.page(limit=len(every)) == (every, None)
    most, next_ = await reader.page(limit=len(every) - 1)
    assert next_ is not None
    assert most == every[:-1]
    assert await reader.page(limit=1, cursor=next_) == (every[-1:], None)


@every_list
async def test_a_cursor_is_good_for_its_own_list_alone(services, reader, package, path):
    _, cursor = await reader.page(limit=1)
    for other in LISTS[package]:
        if other != path:
            elsewhere = await _reader(services, package, other)
            _is_refused(await elsewhere.ask(cursor=cursor), f"{path} at {other}")
    if reader.listed.owner:
        stranger = await reader.listed.owner(reader.service.connection)
        answer = await reader.ask(of=stranger, cursor=cursor)
        _is_refused(answer, reader.owner)
        assert stranger in answer.json()["detail"]
    if "{month}" in path:
        url = path.format(month="2026-04")
        query = {**reader.listed.query, "cursor": cursor}
        _is_refused(await reader.service.api.get(url, params=query), "another month")
    if reader.listed.other_query is not None:
        query = {**reader.listed.other_query, "cursor": cursor}
        url = _at(path, reader.owner)
        _is_refused(await reader.service.api.get(url, params=query), "other filters")


@every_list
async def test_a_cursor_with_a_changed_byte_is_refused(reader):
    _, cursor = await reader.page(limit=1)
    last = len(cursor) - 1
    for at in {*range(0, last, 11), last - 2, last - 1, last}:
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        _is_refused(await reader.ask(cursor=changed), f"changed at {at}")
    for wrong in (cursor[:-1], cursor + "A", cursor[1:], "x", ""):
        _is_refused(await reader.ask(cursor=wrong), wrong)


@every_list
@pytest.mark.parametrize("parameter", ["before", "after", "offset", "page", "Cursor"])
async def test_a_parameter_that_the_list_does_not_know_is_named(reader, parameter):
    answer = await reader.ask(**{parameter: "1"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["type"] == "urn:prewatt:problem:unknown-parameter"
    assert answer.json()["parameter"] == parameter


@every_list
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1e3", str(10**30)])
async def test_a_limit_is_from_1_to_1000(reader, limit):
    answer = await reader.ask(limit=limit)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert "query/limit" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("package", "path"), [case for case in CASES if LISTS[case[0]][case[1]].owner]
)
async def test_a_list_of_nobody_is_404(reader):
    if reader.listed.unknown is not None:
        answer = await reader.ask(of=reader.listed.unknown)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
        assert reader.listed.unknown in answer.json()["detail"]
    # And of somebody who has nothing yet, a page with nothing in it.
    newcomer = await reader.listed.owner(reader.service.connection)
    answer = await reader.ask(of=newcomer)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})


# The last: the tests above look at whole lists in one page.
@pytest.mark.parametrize(
    ("package", "path"),
    [
        ("prepay_ledger", "/v1/payments"),
        ("prepay_ledger", "/v1/accounts/{account_id}/decisions"),
    ],
)
async def test_a_list_does_not_end_at_the_largest_page(reader):
    await reader.add(2_000)
    seen = await reader.walk(limit=1000, moving=True)
    assert len(seen) == len(set(seen)) >= 2_000 + ROWS
    assert seen == sorted(seen, reverse=True)


def _is_refused(answer: httpx.Response, what: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), what
    problem = answer.json()
    assert problem["type"] == "urn:prewatt:problem:wrong-cursor", what
    assert problem["parameter"] == "cursor"
    assert problem["detail"].startswith("The cursor "), what


async def _reader(services: dict[str, Service], package: str, path: str) -> Reader:
    service, listed = services[package], LISTS[package][path]
    owner = await listed.owner(service.connection) if listed.owner else MONTH
    return Reader(service, listed, path, owner)


def _at(path: str, owner: str) -> str:
    """The path with its one parameter filled in."""
    head, brace, tail = path.partition("{")
    return head + owner + tail.partition("}")[2] if brace else path


def _key(listed: Listed, item: Item) -> Any:
    return listed.key(item)


def _lists_of(app: FastAPI) -> tuple[set[str], set[str]]:
    """The paths that answer a page, and those that answer all of a list: ``path member``."""
    document = app.openapi()
    lists: set[str] = set()
    whole: set[str] = set()
    for path, operations in document["paths"].items():
        answers = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = answers.get("application/json", {}).get("schema", {})
        while "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        members = schema.get("properties", {})
        asked = {each["name"] for each in operations.get("get", {}).get("parameters", [])}
        if {"items", "next"} <= members.keys():
            assert {"cursor", "limit"} <= asked, path
            lists.add(path)
        elif schema.get("type") == "array":
            whole.add(path)
        else:
            assert not {"cursor", "limit", "next", "next_cursor"} & (asked | members.keys()), path
            whole |= {f"{path} {name}" for name in members if members[name].get("type") == "array"}
    return lists, whole
