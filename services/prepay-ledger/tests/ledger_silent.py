"""A town in which meters fall silent, and are estimated every morning."""

from typing import Any
from zoneinfo import ZoneInfo

from ledger_watched import Watched

from prepay_ledger.charging.audit_charges import audit_charges
from prepay_ledger.charging.postgres_audit import PostgresAudit
from prepay_ledger.estimates.decide_policy import decide_policy
from prepay_ledger.estimates.estimate_silent import EstimateSilent
from prepay_ledger.estimates.values import Terms

TERMS = Terms(after_days=2, longest_days=5)


class Silent(Watched):
    """Days go by as in `Watched`; at three in the morning silent meters are estimated."""

    async def decide(self, terms: Terms | None = TERMS) -> None:
        async with self.unit() as unit:
            await decide_policy(unit=unit, terms=terms, decided=self.decided())

    def estimating(self, open_unit: Any = None) -> EstimateSilent:
        return EstimateSilent(
            open_unit=open_unit or self.unit,
            timezone=ZoneInfo("UTC"),
            clock=lambda: self.at(self.days, 3),
            committed=lambda: None,
        )

    async def estimate(self, estimating: EstimateSilent | None = None) -> None:
        """Until nothing is left."""
        estimating = estimating or self.estimating()
        while await estimating() is None:
            pass

    async def morning(self, *, silent: Any = ()) -> None:
        """A day, and the run of the next morning."""
        await self.live(silent=silent)
        await self.estimate()

    async def estimated(self) -> dict[str, tuple[int, int]]:
        """By account, Wh and micro-units of what stands, all periods together."""
        rows = await self.sql(
            "SELECT a.number, sum(e.energy_wh)::bigint AS wh, sum(e.posted_micro)::bigint AS micro "
            "FROM estimate AS e JOIN account AS a ON a.id = e.account_id "
            "WHERE e.meters <> '{}' GROUP BY 1"
        )
        return {row["number"]: (row["wh"], row["micro"]) for row in rows}

    async def estimate_entries(self) -> dict[str, list[tuple[str, int, int]]]:
        """By account: source, Wh, micro-units that it was charged."""
        rows = await self.sql(
            "SELECT a.number, j.source, e.energy_wh, -e.amount_micro AS micro FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id JOIN account AS a ON a.id = e.account_id "
            "WHERE j.kind = 'estimate' ORDER BY e.journal_id, e.number"
        )
        found: dict[str, list[tuple[str, int, int]]] = {}
        for number, source, wh, micro in rows:
            found.setdefault(number, []).append((source, wh, micro))
        return found

    async def balances(self) -> dict[str, int]:
        rows = await self.sql("SELECT number, balance_micro FROM account")
        return {row["number"]: row["balance_micro"] for row in rows}

    async def apart(self) -> dict[str, int]:
        """The sub-balance of estimates, of those that ever had one."""
        rows = await self.sql(
            "SELECT a.number, s.amount_micro FROM sub_balance AS s "
            "JOIN account AS a ON a.id = s.account_id WHERE s.sub_account = 'estimate'"
        )
        return {row["number"]: row["amount_micro"] for row in rows}

    async def holds(self) -> None:
        """Books, seals, use and charges, and estimates."""
        await super().holds()
        connection = await self.connect()
        try:
            async with connection.transaction(isolation="repeatable_read"):
                found = [str(each) async for each in audit_charges(PostgresAudit(connection))]
        finally:
            await connection.close()
        assert found == [], found
