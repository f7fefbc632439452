"""The world of two accounts, where credits are top-ups that are looked at, and charges are charges,
under a policy that tests change."""

from datetime import timedelta
from typing import Any

import msgspec
from ledger_devices import publish
from ledger_world import MONTH_AGO, World

from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.supply.follow_rules import FollowRules


class Place(World):
    """The world, where credits are top-ups that are looked at, and charges are charges."""

    async def policy(self, **of_default: Any) -> None:
        """Holds from now on, and everybody is looked at."""
        async with self.scratch.unit() as unit:
            await publish(unit, {"default": of_default}, at=self.now)
        follow = FollowRules(open_unit=self.scratch.unit, clock=lambda: self.now)
        await follow()
        await self.pass_time(1)
        await follow()

    async def post(self, number: int, amount: int) -> None:
        household = self.households[number]
        async with self.scratch.unit() as unit:
            journal = Journal(
                kind="top-up" if amount > 0 else "charge",
                source="test",
                currency="CNY",
                entries=(Entry(household.id, amount),),
                postings={UtilityAccount.REVENUE_ENERGY: -amount},
            )
            _, (balance,) = await unit.journals.post(journal, at=self.now)
            if amount > 0 or balance.is_due:
                await self.review(unit, [household.id], now=self.now, caused_at=self.now)
        await self._carry()

    async def told(self, number: int = 0) -> list[tuple[int, str, int | None]]:
        """Limits that the customer was told of, as of the newest: micro-units, by what, measure."""
        rows = await self.scratch.sql("SELECT value FROM outbox ORDER BY id")
        events = [msgspec.json.decode(row["value"]) for row in rows]
        return [
            (each["threshold_micro"], each["warned_by"], each["measure"])
            for each in events
            if "threshold_micro" in each and each["account_id"] == str(self.households[number].id)
        ]

    async def account(self, number: int = 0) -> dict[str, Any]:
        (row,) = await self.scratch.sql(
            "SELECT * FROM account WHERE id = $1", self.households[number].id
        )
        return dict(row)

    async def held(self, number: int = 0) -> list[str]:
        """What holds the newest decision."""
        (row,) = await self.scratch.sql(
            "SELECT held FROM decision WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
            self.households[number].id,
        )
        return list(row["held"])

    async def state(self, number: int = 0) -> str:
        return (await self.account(number))["supply_state"]

    async def days(self, days: float) -> None:
        """They pass while no command is lost."""
        self._is_reliable = True
        await self.pass_time(days * 24 * 3_600)

    async def carried_out(self, number: int = 0) -> None:
        await self.deliver(self.devices[number])

    async def use(self, number: int, days_ago: int, wh: int) -> None:
        """What the household's meter used on that day."""
        agreement_id = self.households[number].id
        await self.scratch.sql(
            "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
            "VALUES ($1, $2, 't', $3, 1) ON CONFLICT DO NOTHING",
            agreement_id,
            self.households[number].id,
            MONTH_AGO.date(),
        )
        await self.scratch.sql(
            "INSERT INTO day_use (meter_id, agreement_id, day, slot, wh) "
            "VALUES ($1, $2, $3, 'all', $4)",
            self.devices[number].meter_id,
            agreement_id,
            self.now.date() - timedelta(days=days_ago),
            wh,
        )
