"""Lists in pages: every list of every service is asked for and answered in this one way.

A page begins after the last row of the page before, found by its key (never by counting rows), and
the key is unique and never changes. So whatever is added or changes while somebody reads on, no row
comes twice and none that stays in the list is left out; a history gives the newest first, and what
is newer than its first page is not shown.

A cursor holds that key, and the list that it is of: service, path (whose it is, such as an account)
and filters. With another list, account or filter it is refused. It is not signed, on purpose: it
opens nothing, for each page is asked for with a token, a path and filters of its own, and one that
somebody makes up only begins elsewhere in a list that they may read as a whole. A key to sign with
would be one more secret that all replicas share and that cuts off whoever reads when it is
changed. So a digest finds what was damaged, and every part is checked before it reaches a query.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from fastapi import Query, Request
from pydantic import BaseModel, Field

from prewatt_common.http.problems import Problem

LIMIT_MAX = 1000
CURSOR_CHARS_MAX = 8 * 1024
"""A request's head may have twice as much."""
_DIGEST_BYTES = 8
_OWN = ("cursor", "limit")
"""A cursor is of no page size: the next page may be larger."""
_UNREADABLE = (ValueError, RecursionError, msgspec.MsgspecError)
"""What decoding raises; a list in a list, a thousand deep, too."""

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")]
CursorText = Annotated[
    str | None,
    Query(
        max_length=CURSOR_CHARS_MAX,
        description="`next` of the page before, with the same path and filters as there.",
    ),
]

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")
KeyPart: TypeAlias = int | str | date | UUID | None
Key: TypeAlias = int | str | date | UUID | tuple[KeyPart, ...]
"""Of a row: what the list is ordered by, unique in it and never changed."""
KeyT = TypeVar("KeyT", bound=Key)


class Page(BaseModel, Generic[ItemT]):
    """Some of a list, in its order."""

    items: list[ItemT]
    next: str | None = Field(
        description="Pass as `cursor` for the page after; null where nothing follows."
    )


class WrongCursor(Problem):
    """422: the cursor is damaged, or of another list, owner or filter than the request's."""

    def __init__(self, what: str) -> None:
        super().__init__(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="wrong-cursor",
            detail=f"{what}. Pass `next` as the page before gave it, with the same path and "
            "filters, or leave the cursor out for the first page.",
            parameter="cursor",
        )


class ListOf(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Which list a page is of."""

    path: str
    """With the service before it: the path names the owner, if the list has one."""
    filters: tuple[tuple[str, str], ...]
    """All parameters but the page's own, sorted, as the request had them."""


class _Content(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    list_of: ListOf
    key: msgspec.Raw


def make_cursor(list_of: ListOf, key: Key) -> str:
    """The cursor of the page after the row of ``key``: characters that a URL takes as they are."""
    content = msgspec.json.encode(_Content(list_of, msgspec.Raw(msgspec.json.encode(key))))
    return _text(_digest(content) + content)


def read_cursor(cursor: str, list_of: ListOf, key_type: type[KeyT]) -> KeyT:
    """The key in ``cursor``, which must be of the same list. Raises `WrongCursor`."""
    given = _content(cursor)
    _check_same(given.list_of, list_of)
    try:
        key = msgspec.json.decode(given.key, type=key_type)
    except _UNREADABLE as error:
        raise WrongCursor("The cursor holds no key of this list") from error
    if not _is_storable(key):
        raise WrongCursor("The cursor holds what no key of this list may")
    return key


@dataclass(frozen=True, slots=True)
class PageRequest(Generic[KeyT]):
    """What a request asks of a list: rows after the one of key ``after`` (none: from the first),
    ``limit`` of them at most."""

    list_of: ListOf
    after: KeyT | None
    limit: int

    @property
    def rows_max(self) -> int:
        """How many rows to fetch: one more than are shown, which tells whether any follow."""
        return self.limit + 1

    def of(
        self,
        rows: Sequence[RowT],
        *,
        key: Callable[[RowT], KeyT],
        item: Callable[[RowT], ItemT],
    ) -> Page[ItemT]:
        """The page of ``rows``, which are `rows_max` where there are so many."""
        assert len(rows) <= self.rows_max, f"{len(rows)} rows, {self.rows_max} were asked for"
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return self.until(shown, last=key(shown[-1]) if more else None, item=item)

    def until(
        self, rows: Sequence[RowT], *, last: KeyT | None, item: Callable[[RowT], ItemT]
    ) -> Page[ItemT]:
        """The page of ``rows`` where their source says after which key to read on (none: nothing
        follows): one that looks at so much at a time may have found few in it, or none."""
        return Page(
            items=[item(row) for row in rows],
            next=None if last is None else make_cursor(self.list_of, last),
        )


class PagesBy(Generic[KeyT]):
    """A dependency that gives the `PageRequest` of a list whose key is of this type. The route's
    own query parameters are the list's filters; the cursor holds them without more ado::

        async def things(
            page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))], kind: Kind | None = None
        ) -> Page[ThingOut]:
            rows = await queries.things(kind=kind, before=page.after, limit=page.rows_max)
            return page.of(rows, key=lambda row: row.id, item=ThingOut.model_validate)

    The query gives the rows that come after that key (``id < before``), in the key's order and
    ``limit`` of them at most. Raises `WrongCursor`.
    """

    def __init__(self, key_type: type[KeyT]) -> None:
        self._key_type = key_type

    async def __call__(
        self, request: Request, cursor: CursorText = None, limit: Limit = 100
    ) -> PageRequest[KeyT]:
        given = request.query_params.multi_items()
        list_of = ListOf(
            path=f"{request.app.title} {request.url.path}",
            filters=tuple(sorted((name, value) for name, value in given if name not in _OWN)),
        )
        after = None if cursor is None else read_cursor(cursor, list_of, self._key_type)
        return PageRequest(list_of, after, limit)


def _content(cursor: str) -> _Content:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        # A last character may have bits that decoding drops: written again it must be the same.
        if digest == _digest(content) and _text(raw) == cursor:
            return msgspec.json.decode(content, type=_Content)
    except _UNREADABLE:
        pass
    raise WrongCursor("The cursor is damaged or cut short, or no service gave it")


def _check_same(given: ListOf, asked: ListOf) -> None:
    if given.path != asked.path:
        raise WrongCursor(f"The cursor is of {given.path}, and this is {asked.path}")
    if given.filters != asked.filters:
        raise WrongCursor(
            f"The cursor is of a page with {_named(given.filters)}, and this one is asked for "
            f"with {_named(asked.filters)}"
        )


def _named(filters: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in filters) or "no filter"


def _is_storable(part: Key | None) -> bool:
    """Whether PostgreSQL takes it: no U+0000, no integer over 64 bits."""
    match part:
        case str():
            return "\0" not in part
        case int():
            return -(2**63) <= part < 2**63
        case tuple():
            return all(map(_is_storable, part))
        case _:
            return True


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_DIGEST_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
