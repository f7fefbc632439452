"""Lists in pages: the cursor's codec, and a list that moves while somebody reads it."""

import base64
import hashlib
import string
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from hypothesis import example, given
from hypothesis import strategies as st

from prewatt_common.http.app import create_app
from prewatt_common.http.auth import public
from prewatt_common.http.pages import (
    ListOf,
    Page,
    PageRequest,
    PagesBy,
    WrongCursor,
    make_cursor,
    read_cursor,
)

URL_SAFE = set(string.ascii_letters + string.digits + "-_")
Composite = tuple[int, UUID | None, str | None]

# What PostgreSQL and UTF-8 can hold.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
lists = st.builds(
    ListOf,
    path=texts,
    filters=st.lists(st.tuples(texts, texts), max_size=3).map(lambda each: tuple(sorted(each))),
)
bigints = st.integers(-(2**63), 2**63 - 1)
keys = st.one_of(
    st.tuples(st.just(int), bigints),
    st.tuples(st.just(str), texts),
    st.tuples(st.just(UUID), st.uuids()),
    st.tuples(
        st.just(Composite),
        st.tuples(bigints, st.none() | st.uuids(), st.none() | texts),
    ),
)


@given(lists, keys)
def test_a_cursor_gives_the_key_back(list_of, typed_key):
    key_type, key = typed_key
    cursor = make_cursor(list_of, key)
    assert set(cursor) <= URL_SAFE
    assert read_cursor(cursor, list_of, key_type) == key


@given(lists, lists, keys)
def test_a_cursor_of_another_list_is_refused(list_of, other, typed_key):
    key_type, key = typed_key
    if other == list_of:
        return
    with pytest.raises(WrongCursor, match="The cursor is of"):
        read_cursor(make_cursor(list_of, key), other, key_type)


@given(lists, keys, st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(list_of, typed_key, data):
    key_type, key = typed_key
    cursor = make_cursor(list_of, key)
    at = data.draw(st.integers(0, len(cursor) - 1))
    one = data.draw(st.sampled_from([*sorted(URL_SAFE | set("=+/ é\0")), ""]))
    changed = cursor[:at] + one + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(WrongCursor, match="damaged"):
            read_cursor(changed, list_of, key_type)


@given(st.text(max_size=80))
def test_what_nobody_gave_is_no_cursor(text):
    with pytest.raises(WrongCursor, match="damaged"):
        read_cursor(text, ListOf("list", ()), UUID)


def made_up(content: bytes) -> str:
    """A cursor with a right digest, as anybody can make."""
    digest = hashlib.sha256(content).digest()[:8]
    return base64.urlsafe_b64encode(digest + content).decode().rstrip("=")


@given(st.binary(max_size=60))
@example(b'[["list",[]],' + b"[" * 5_000 + b"]" * 5_000 + b"]")
@example(b"[" * 6_000)
@example(b'[["list",[]],1e400]')
@example(b'[["list",[]],"\\ud800"]')
def test_made_up_content_is_refused_whatever_it_is(content):
    with pytest.raises(WrongCursor):
        read_cursor(made_up(content), ListOf("list", ()), UUID)


def test_the_test_makes_cursors_up_rightly():
    content = b'[["list",[]],5]'
    assert made_up(content) == make_cursor(ListOf("list", ()), 5)


@pytest.mark.parametrize(
    ("key", "key_type"),
    [
        (2**63, int),
        ("a\0b", str),
        ((1, None, "\0"), Composite),
        ("no id", UUID),
        (5, str),
        ((5,), Composite),
        ((5, None, "a", "b"), Composite),
    ],
)
def test_a_made_up_key_never_reaches_a_query(key, key_type):
    list_of = ListOf("list", ())
    with pytest.raises(WrongCursor, match="key of this list"):
        read_cursor(make_cursor(list_of, key), list_of, key_type)


BOOKS = list(range(1, 15))


@pytest.fixture
async def client():
    """A shelf of fourteen books, the newest first."""
    router = APIRouter(dependencies=[Depends(public(because="a test"))])

    @router.get("/shelves/{shelf}/books")
    async def books(
        shelf: str,
        page: Annotated[PageRequest[int], Depends(PagesBy(int))],
        kind: Annotated[list[str] | None, Query()] = None,
    ) -> Page[str]:
        after = page.after
        rows = [book for book in reversed(BOOKS) if after is None or book < after]
        return page.of(rows[: page.rows_max], key=int, item=str)

    @router.get("/searched")
    async def searched(page: Annotated[PageRequest[int], Depends(PagesBy(int))]) -> Page[str]:
        """The books over ten, found by looking at five at a time."""
        end = BOOKS[-1] + 1 if page.after is None else page.after
        begin = max(end - 5, 0)
        found = [book for book in reversed(BOOKS) if begin <= book < end and book > 10]
        return page.until(found, last=begin or None, item=str)

    app = create_app(
        name="test",
        summary="",
        auth_public_key="no token is looked at",
        routers=[router],
        checks={},
        consuming={},
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def _page(client, path: str, **query) -> dict:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("limit", "pages"), [(1, 14), (7, 2), (13, 2), (14, 1), (1000, 1)])
async def test_the_last_page_is_the_one_that_nothing_follows(client, limit, pages):
    seen, asked = [], {"limit": limit}
    for _ in range(pages):
        page = await _page(client, "/shelves/a/books", **asked)
        seen.append(page["items"])
        asked = {"limit": limit, "cursor": page["next"]}
    assert page["next"] is None
    assert [int(book) for some in seen for book in some] == BOOKS[::-1]


async def test_a_page_may_end_where_its_source_stopped_looking(client):
    seen, asked = [], {}
    while asked.get("cursor", "") is not None:
        page = await _page(client, "/searched", **asked)
        seen.append(page["items"])
        asked = {"cursor": page["next"]}
    assert seen == [["14", "13", "12", "11"], [], []]


async def test_the_limit_may_change_and_filters_may_change_places(client):
    first = await _page(client, "/shelves/a/books", limit=2, kind=["x", "y"])
    rest = await _page(client, "/shelves/a/books", kind=["y", "x"], cursor=first["next"])
    assert first["items"] + rest["items"] == [str(book) for book in reversed(BOOKS)]


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/shelves/b/books", {"kind": "x"}, "of Prewatt test /shelves/a/books, and this is"),
        ("/shelves/a/books", {}, "with kind=x, and this one is asked for with no filter"),
        ("/shelves/a/books", {"kind": ["x", "y"]}, "asked for with kind=x&kind=y"),
    ],
)
async def test_a_cursor_of_another_page_is_a_problem_that_names_it(client, path, query, says):
    first = await _page(client, "/shelves/a/books", limit=2, kind="x")
    answer = await client.get(path, params=query | {"cursor": first["next"]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:prewatt:problem:wrong-cursor"
    assert problem["parameter"] == "cursor"
    assert says in problem["detail"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"limit": 0}, "query/limit"),
        ({"limit": 1001}, "query/limit"),
        ({"limit": 10**30}, "query/limit"),
        ({"cursor": "x" * 9000}, "query/cursor"),
        ({"cursor": ""}, "The cursor is damaged"),
        ({"before": 5}, "'before' is unknown here; known are: kind, cursor, limit"),
    ],
)
async def test_a_page_that_cannot_be_asked_for_is_a_problem(client, query, names):
    answer = await client.get("/shelves/a/books", params=query)
    assert answer.status_code == 422
    assert names in answer.json()["detail"]
