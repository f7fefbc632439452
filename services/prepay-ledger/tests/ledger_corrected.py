"""A town whose tariff is corrected, without the service."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger_expected import ENERGY, STANDING, VAT, document
from ledger_town import COUNT, REVIEW, Town

from prepay_ledger.corrections.carry_out_runs import CarryOutRuns
from prepay_ledger.corrections.draft_run import draft_run
from prepay_ledger.corrections.postgres_queries import CorrectionQueries
from prepay_ledger.corrections.release_run import release_run
from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.facts.values import Decided
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prewatt_metering.tariffs.document import tariff_of

CODE = "in-cny"
MINE = [n for n in range(COUNT) if n % 2 == 0]
"""Households of that tariff."""
DAYS = 100
"""How long ago people moved in."""
ANNUAL = ENERGY | {"over": "year"}
TIMES = {
    "slots": [
        {"name": "day", "begin": "06:00", "end": "22:00"},
        {"name": "night", "begin": "22:00", "end": "06:00"},
    ]
}


class Corrected(Town):
    """A town whose tariff is corrected."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.begin -= timedelta(days=DAYS - 20)
        self.job = self.working()
        self.queries = CorrectionQueries(self.database)

    def working(self, open_unit: Any = None) -> CarryOutRuns:
        """The job as a service that was started a moment ago has it."""
        return CarryOutRuns(
            open_unit=open_unit or self.unit,
            review=REVIEW,
            clock=lambda: self.now,
            committed=lambda: None,
        )

    def by(self, name: str) -> Decided:
        return Decided(by=name, reason="a price was typed wrongly", at=self.now)

    async def publish(self, body: dict[str, Any]) -> None:
        async with self.unit() as unit:
            await publish_tariff(
                unit=unit, version=tariff_of(body), by="test", reason="test", now=self.now
            )

    async def draft(self, body: dict[str, Any]) -> CorrectionRun:
        """Its preview worked out."""
        async with self.unit() as unit:
            run = await draft_run(unit=unit, version=tariff_of(body), decided=self.by("author"))
        await self.works()
        return await self.run(run)

    async def release(self, run: CorrectionRun, name: str = "other") -> str | None:
        async with self.unit() as unit:
            _, why = await release_run(unit=unit, run_id=run.id, decided=self.by(name))
        return why

    async def works(self) -> None:
        """Until nothing is left to do."""
        while await self.job() is not None:
            pass

    async def run(self, run: CorrectionRun) -> CorrectionRun:
        found = await self.queries.run(run.id)
        assert found is not None
        return found

    async def corrects(self, body: dict[str, Any]) -> CorrectionRun:
        """Drafted, released and carried out."""
        run = await self.draft(body)
        assert await self.release(run) is None
        await self.works()
        run = await self.run(run)
        assert run.state is RunState.DONE, run
        return run

    async def differences(self, run: CorrectionRun) -> dict[UUID, int]:
        """What its entries charge more, by account."""
        rows = await self.sql(
            "SELECT account_id, -sum(amount_micro)::bigint AS micro FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id WHERE j.source = $1 GROUP BY 1",
            run.source,
        )
        return {row["account_id"]: row["micro"] for row in rows}

    async def balances(self) -> dict[UUID, int]:
        """Less what is owed apart from them."""
        rows = await self.sql(
            "SELECT a.id, a.balance_micro + coalesce(s.amount_micro, 0) AS micro FROM account AS a "
            "LEFT JOIN sub_balance AS s ON s.account_id = a.id AND s.sub_account = 'debt'"
        )
        return {row["id"]: row["micro"] for row in rows}

    async def left(self) -> dict[UUID, int]:
        """The balances alone."""
        rows = await self.sql("SELECT id, balance_micro FROM account")
        return {row["id"]: row["balance_micro"] for row in rows}

    async def reached(self) -> list[int]:
        """Of each agreement of the tariff, in their order."""
        rows = await self.sql(
            "SELECT corrections FROM agreement WHERE tariff_code = $1 ORDER BY id", CODE
        )
        return [row["corrections"] for row in rows]

    async def charges(self) -> dict[tuple[Any, ...], str]:
        """What is posted of each period."""
        rows = await self.sql("SELECT agreement_id, period_first, posted FROM charge_state")
        return {(row[0], row[1]): row[2] for row in rows}


def dearer(factor: float = 1.5, **more: Any) -> dict[str, Any]:
    """The town's tariff with its blocks at other prices."""
    blocks = [
        each | {"micro_per_kwh": int(each["micro_per_kwh"] * factor)} for each in ENERGY["blocks"]
    ]
    components = [ENERGY | {"blocks": blocks}, STANDING, VAT]
    return document(CODE, timezone="UTC", components=components) | more


async def lived(town: Corrected, *hours: int) -> None:
    """People moved in, and their meters were read."""
    await town.settle(town.today - timedelta(days=1))
    await town.read_as_new(*(hours or (30, 900, 1_800, DAYS * 24 - 40)))


async def first_of(town: Corrected) -> UUID:
    rows = await town.sql(
        "SELECT account_id FROM agreement WHERE tariff_code = $1 ORDER BY id", CODE
    )
    return rows[0]["account_id"]


async def opened_town(own_database_url: str) -> AsyncGenerator[Corrected]:
    """A town, made a fixture of where it is used."""
    made = Corrected(own_database_url)
    # Also for what is published before anybody moves in: a new database's day is the one of the
    # westernmost zone, which is yesterday in UTC until noon and today after it.
    await made.open(made.today - timedelta(days=1))
    yield made
    await made.database.close()
