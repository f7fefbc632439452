"""Rows as notices on their way."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import asyncpg

from notifier.deliveries.values import Delivery, Doing, NoticeBroken
from notifier.notices.postgres_rows import notice_of
from notifier.templates.values import PublishedText, Source

T = TypeVar("T")


def each_of(read: Callable[[asyncpg.Record], T], rows: Iterable[asyncpg.Record]) -> list[T]:
    """Raises `NoticeBroken` for one that cannot be read: the others of its transaction are not
    taken either, until it is parked."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(read(row))
        except Exception as error:
            raise NoticeBroken(row["id"], Doing.READ, error) from error
    return found


def delivery_of(row: asyncpg.Record) -> Delivery:
    """Of a query that gives the account's number, its zone and the published text too."""
    return Delivery(
        notice_of(row),
        row["account_number"],
        row["attempts"],
        row["created_at"],
        row["timezone"],
        _published(row),
    )


def _published(row: asyncpg.Record) -> PublishedText | None:
    if row["text_number"] is None:
        return None
    return PublishedText(row["text_number"], Source(row["text_body"], row["text_subject"]))
