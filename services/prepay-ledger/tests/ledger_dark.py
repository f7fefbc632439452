"""A town whose relays are closed again, some of them late."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger_town import REVIEW, Town

from prepay_ledger.reconnections.follow_relays import (
    begin_reconnections,
    end_reconnections,
    note_reached,
)
from prepay_ledger.reconnections.values import Cause, NewReconnection, Reached, Reconnection, Sla
from prepay_ledger.reconnections.watch_reconnections import WatchReconnections
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
CREDIT_MICRO = 5_000_000
SLA = Sla(credit_micro=CREDIT_MICRO)


class Dark(Town):
    """Everybody has paid two and a half hours after the town began."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.paid_at = self.begin + timedelta(hours=2, minutes=30)
        self.load: list[str] = []

    def at(self, minutes: float) -> datetime:
        """So long after the payment."""
        return self.paid_at + minutes * MINUTE

    async def account_of(self, number: int) -> UUID:
        rows = await self.sql(
            "SELECT account_id FROM installation WHERE meter_id = $1", f"m{number}"
        )
        return rows[0]["account_id"]

    async def reconnect(
        self, *numbers: int, sla: Sla = SLA, account_id: UUID | None = None, minutes: float = 0
    ) -> None:
        """Reconnects go out to these meters a second after the payment."""
        caused_at = self.at(minutes)
        news = [
            NewReconnection(
                account_id=account_id or await self.account_of(number),
                meter_id=f"m{number}",
                cause=Cause.PAYMENT,
                caused_at=caused_at,
                issued_at=caused_at + SECOND,
                opened_at=self.begin,
                sla=sla,
            )
            for number in numbers
        ]
        async with self.unit() as unit:
            await begin_reconnections(unit=unit, news=news)

    async def reach(self, number: int, stage: ReconnectionStage, minutes: float) -> None:
        async with self.unit() as unit:
            await note_reached(unit=unit, seen=[Reached(f"m{number}", stage, self.at(minutes))])

    async def cut_again(self, *numbers: int, minutes: float) -> None:
        async with self.unit() as unit:
            await end_reconnections(
                unit=unit,
                meter_ids=[f"m{number}" for number in numbers],
                why="the relay is to be open again",
                at=self.at(minutes),
            )

    def watching(
        self,
        minutes: float,
        open_unit: Callable[[], AbstractAsyncContextManager[PostgresUnit]] | None = None,
    ) -> WatchReconnections[PostgresUnit]:
        """The job, so long after the payment."""

        async def saw_load(_: PostgresUnit, some: Sequence[Reconnection], __: datetime) -> None:
            self.load += [each.meter_id for each in some]

        return WatchReconnections(
            open_unit=open_unit or self.unit,
            review=REVIEW,
            saw_load=saw_load,
            has_site_codes=True,
            clock=lambda: self.at(minutes),
            committed=lambda: None,
        )

    async def rows(self, columns: str) -> dict[int, tuple[Any, ...]]:
        """By meter's number, of its newest reconnection."""
        found = await self.sql(f"SELECT meter_id, {columns} FROM reconnection ORDER BY id")
        return {int(row["meter_id"][1:]): tuple(row)[1:] for row in found}

    async def credited(self) -> dict[str, list[int]]:
        """By account, its credits."""
        found: dict[str, list[int]] = {}
        for number, micro in await self.sql(
            "SELECT a.number, e.amount_micro FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id JOIN account AS a ON a.id = e.account_id "
            "WHERE j.kind = 'sla_credit' ORDER BY 1"
        ):
            found.setdefault(number, []).append(micro)
        return found

    async def orders(self) -> list[tuple[str, str | None]]:
        """Meter and result of those of the dark."""
        rows = await self.sql(
            "SELECT meter_id, result FROM work_order WHERE kind = 'paid_but_dark' ORDER BY id"
        )
        return sorted(tuple(row) for row in rows)

    async def told(self, words: str) -> int:
        """How many events with these words in them wait to be sent."""
        (row,) = await self.sql(
            "SELECT count(*) AS n FROM outbox WHERE position($1::bytea IN value) > 0",
            words.encode(),
        )
        return row["n"]
