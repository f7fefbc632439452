"""What a person decides about a parked notice, without a database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from notifier.channels.ports import Verdict
from notifier.deliveries.end_parking import EndParking
from notifier.deliveries.values import (
    Doing,
    NoticeBroken,
    ParkedEnd,
    ParkedNotice,
    ParkedStep,
    Said,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTICE = UUID(int=1)


class Store:
    """One notice is parked in it; of its messages ``said`` was said, of itself ``itself``."""

    def __init__(
        self, said: Said | None, *, itself: Said | None = None, broken: bool = False
    ) -> None:
        self.said = said
        self.itself = itself
        self.broken = broken
        self.is_open = False
        self.done: list[str] = []
        self.step: ParkedStep | None = None

    async def asked(self, **_: object) -> ParkedStep | None:
        return self.step

    async def parked(self, notice_id: UUID) -> ParkedNotice:
        return ParkedNotice(
            notice_id=notice_id,
            since=AT,
            doing=Doing.READ,
            error="x",
            peer_has_it=True,
            said=self.itself,
        )

    async def unpark(self, step: ParkedStep) -> None:
        self.step = step
        self._note("unpark")

    async def park(self, parked: ParkedNotice) -> None:
        assert (parked.notice_id, parked.error) == (NOTICE, "ValueError: no")
        self._note("park")

    async def verdict_of_messages(self, notice_id: UUID) -> Said | None:
        return self.said

    async def settle(self, notice_id: UUID, *_: object, **__: object) -> None:
        self._note("settle")
        if self.broken:
            raise NoticeBroken(notice_id, Doing.READ, ValueError("no"))

    @asynccontextmanager
    async def trying(self) -> AsyncGenerator[Any]:
        yield self

    def _note(self, what: str) -> None:
        assert self.is_open, "all of it in one transaction: nobody says again what was said"
        self.done.append(what)

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: object, **__: object) -> None:
            self._note(name)

        return nothing


HELD = ["hold", "hold_account_of", "unpark"]
DELIVERED = Said(Verdict.DELIVERED, "")


@pytest.mark.parametrize(
    ("what", "store", "done"),
    [
        (ParkedEnd.RELEASED, Store(DELIVERED), [*HELD, "let_go", "settle"]),
        (ParkedEnd.RELEASED, Store(None), [*HELD, "let_go"]),
        (ParkedEnd.RELEASED, Store(DELIVERED, broken=True), [*HELD, "let_go", "settle", "park"]),
        (ParkedEnd.RELEASED, Store(None, itself=DELIVERED), [*HELD, "let_go", "settle"]),
        (ParkedEnd.DROPPED, Store(DELIVERED), [*HELD, "end"]),
    ],
)
async def test_what_was_said_of_one_that_nobody_could_read_counts_once_it_is_released(
    what, store, done
):
    @asynccontextmanager
    async def opened() -> AsyncGenerator[Any]:
        store.is_open = True
        yield store
        store.is_open = False

    end = EndParking(open_parking=opened, clock=lambda: AT, committed=lambda: None)
    for _ in range(2):
        await end(NOTICE, what, by="li", reason="r", key="k")
    assert store.done == [*done, "hold"]
