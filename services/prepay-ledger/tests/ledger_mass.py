"""Accounts of which each is to be cut as soon as somebody looks, and a clock of the test's own."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from ledger_scratch import Scratch
from ledger_signer import SIGNER

from prepay_ledger.breakers.follow_holds import FollowHolds
from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.prepay_agreements.sign_agreement import enter_agreements
from prepay_ledger.prepay_agreements.values import direct_terms, first_agreement
from prepay_ledger.supply.ports import PayUrls
from prepay_ledger.supply.recheck_supply import RecheckSupply
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.supply_policy_v1 import policy_of

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE = BEGIN - timedelta(days=30)


class Mass:
    """``houses`` of them; at most ``paced`` may be cut a minute, and ``trip`` come to be."""

    def __init__(
        self,
        scratch: Scratch,
        *,
        houses: int,
        paced: int,
        trip: int,
        pay_urls: PayUrls | None = None,
    ) -> None:
        self.scratch = scratch
        self.now = BEGIN
        self.limits = {"paced_per_min": paced, "trip_per_min": trip}
        self.review = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign, pay_urls=pay_urls)
        self.recheck = RecheckSupply(
            open_unit=scratch.unit,
            review=self.review,
            clock=lambda: self.now,
            committed=lambda: None,
        )
        self.follow = FollowHolds(
            open_unit=scratch.unit, clock=lambda: self.now, committed=lambda: None
        )
        self.ids: Sequence[UUID] = [uuid4() for _ in range(houses)]

    async def build(self) -> None:
        document = policy_of({"fleet_breaker": {"all_accounts": self.limits}})
        async with self.scratch.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=by("one", BEFORE)
            )
            await publish_policy(unit=unit, policy_id=draft.id, decided=by("another", BEFORE))
        connection = await self.scratch.connect()
        for query in (
            "INSERT INTO account (id, number, currency, balance_micro, low_balance_micro, "
            "overdraft_micro, protected, supply_state, opened_at) "
            "SELECT id, id::text, 'CNY', -1, 5, 0, false, 'warned', $2 "
            "FROM unnest($1::uuid[]) AS id",
            "INSERT INTO meter_state (meter_id) "
            "SELECT 'm-' || id FROM unnest($1::uuid[]) AS id WHERE $2::timestamptz IS NOT NULL",
            "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, revision) "
            "SELECT gen_random_uuid(), id, 'm-' || id, $2, 1, 1 FROM unnest($1::uuid[]) AS id",
        ):
            await connection.execute(query, self.ids, BEFORE)
        await connection.close()
        terms = direct_terms(number="1", low_balance_micro=5, overdraft_micro=0, at=BEFORE)
        async with self.scratch.unit() as unit:
            await enter_agreements(
                unit, [first_agreement(each, terms, by("one", BEFORE)) for each in self.ids]
            )

    async def look(self) -> None:
        """All at once, as a batch of readings does."""
        async with self.scratch.unit() as unit:
            await self.review(unit, self.ids, now=self.now, caused_at=self.now)

    async def a_minute_later(self) -> None:
        self.now += timedelta(minutes=1)
        await self.follow()
        while await self.recheck() == 0:
            pass

    async def go_dark(self) -> None:
        """Every meter that was told opens its relay and says so."""
        for query in (
            "UPDATE command SET status = 'succeeded', relay = 'open', finished_at = $1 "
            "WHERE action = 'disconnect' AND finished_at IS NULL",
            "UPDATE relay SET observed = 'open', observed_at = $1, observed_from = 'answer', "
            "command_id = NULL, action = NULL, issued_at = NULL, deadline_at = NULL, "
            "expires_at = NULL WHERE action = 'disconnect'",
            "UPDATE account SET recheck_at = $1 WHERE supply_state = 'disconnecting'",
        ):
            await self.scratch.sql(query, self.now)
        while await self.recheck() == 0:
            pass

    async def states(self) -> Counter[str]:
        return Counter(r["supply_state"] for r in await self.scratch.sql("SELECT * FROM account"))

    async def held(self) -> set[str]:
        rows = await self.scratch.sql(
            "SELECT DISTINCT ON (account_id) held FROM decision ORDER BY account_id, id DESC"
        )
        return {rule for row in rows for rule in row["held"]}


def by(who: str, at: datetime) -> Decided:
    return Decided(by=who, reason="test", at=at)
