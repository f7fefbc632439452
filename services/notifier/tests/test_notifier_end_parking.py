"""What a person decides about a parked notice, without a database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from notifier.deliveries.end_parking import EndParking
from notifier.deliveries.values import Doing, ParkedEnd, ParkedNotice, ParkedStep

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTICE = UUID(int=1)


class Store:
    """One notice is parked in it."""

    def __init__(self) -> None:
        self.is_open = False
        self.step: ParkedStep | None = None

    async def asked(self, **_: object) -> ParkedStep | None:
        return self.step

    async def parked(self, notice_id: UUID) -> ParkedNotice:
        return ParkedNotice(
            notice_id=notice_id, since=AT, doing=Doing.READ, error="x", peer_has_it=True
        )

    async def unpark(self, step: ParkedStep) -> None:
        self.step = step

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: object, **__: object) -> None:
            return None

        return nothing


@pytest.mark.parametrize(
    ("what", "joined"), [(ParkedEnd.RELEASED, [NOTICE]), (ParkedEnd.DROPPED, [])]
)
async def test_what_was_said_of_one_that_nobody_could_read_counts_once_it_is_released(what, joined):
    store, found = Store(), list[UUID]()

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Any]:
        store.is_open = True
        yield store
        store.is_open = False

    async def join(notice_id: UUID) -> None:
        assert not store.is_open, "it holds the account, and then what is of it"
        found.append(notice_id)

    end = EndParking(
        open_parking=opened, join_receipts=join, clock=lambda: AT, committed=lambda: None
    )
    for _ in range(2):
        await end(NOTICE, what, by="li", reason="r", key="k")
    assert found == joined
