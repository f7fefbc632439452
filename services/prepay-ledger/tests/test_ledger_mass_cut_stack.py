"""Many accounts run out at once: the fleet breaker stops all cuts, a person lets them go, and they
go by the minute. Through the review, on PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from ledger_devices import Household, sign_directly
from ledger_scratch import Scratch
from ledger_signer import SIGNER

from prepay_ledger.breakers.follow_holds import FollowHolds
from prepay_ledger.breakers.hold_cuts import end_hold
from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.supply.command import main
from prepay_ledger.supply.recheck_supply import RecheckSupply
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.supply_policy_v1 import policy_of

pytestmark = pytest.mark.stack
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE = BEGIN - timedelta(days=30)
HOUSES, PACED, TRIP = 9, 4, 6


class Town:
    """Houses of which each is to be cut as soon as somebody looks."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch
        self.now = BEGIN
        self.review = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign)
        self.recheck = RecheckSupply(
            open_unit=scratch.unit,
            review=self.review,
            clock=lambda: self.now,
            committed=lambda: None,
        )
        self.follow = FollowHolds(
            open_unit=scratch.unit, clock=lambda: self.now, committed=lambda: None
        )
        self.ids: Sequence[UUID] = []

    async def build(self) -> None:
        document = policy_of(
            {"fleet_breaker": {"all_accounts": {"paced_per_min": PACED, "trip_per_min": TRIP}}}
        )
        async with self.scratch.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=_by("one", BEFORE)
            )
            await publish_policy(unit=unit, policy_id=draft.id, decided=_by("another", BEFORE))
        self.ids = [await self._house() for _ in range(HOUSES)]

    async def _house(self) -> UUID:
        account_id, meter_id = uuid4(), f"m-{uuid4().hex}"
        await self.scratch.sql(
            "INSERT INTO account (id, number, currency, balance_micro, low_balance_micro, "
            "emergency_credit_micro, protected, supply_state, opened_at) "
            "VALUES ($1, $2, 'CNY', -1, 5, 0, false, 'warned', $3)",
            account_id,
            str(account_id),
            BEFORE,
        )
        await self.scratch.sql("INSERT INTO meter_state (meter_id) VALUES ($1)", meter_id)
        await self.scratch.sql(
            "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, revision) "
            "VALUES ($1, $2, $3, $4, 1, 1)",
            uuid4(),
            account_id,
            meter_id,
            BEFORE,
        )
        async with self.scratch.unit() as unit:
            await sign_directly(unit, Household(account_id), at=BEFORE)
        return account_id

    async def look(self) -> None:
        """All at once, as a batch of readings does."""
        async with self.scratch.unit() as unit:
            await self.review(unit, self.ids, now=self.now, caused_at=self.now)

    async def a_minute_later(self) -> None:
        self.now += timedelta(minutes=1)
        await self.follow()
        await self.recheck()

    async def states(self) -> Counter[str]:
        return Counter(r["supply_state"] for r in await self.scratch.sql("SELECT * FROM account"))

    async def held(self) -> set[str]:
        rows = await self.scratch.sql(
            "SELECT DISTINCT ON (account_id) held FROM decision ORDER BY account_id, id DESC"
        )
        return {rule for row in rows for rule in row["held"]}


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    scratch = Scratch(own_database_url)
    made = Town(scratch)
    await made.build()
    yield made
    await scratch.database.close()


async def test_all_cuts_stop_and_go_by_the_minute_once_a_person_has_looked(town: Town) -> None:
    await town.look()
    assert await town.states() == {"pending": HOUSES}
    assert await town.held() == {"fleet_breaker"}
    await town.a_minute_later()
    assert await town.states() == {"pending": HOUSES}
    (hold,) = await town.scratch.sql("SELECT id FROM cut_hold")
    async with town.scratch.unit() as unit:
        await end_hold(unit=unit, hold_id=hold["id"], decided=_by("wu", town.now))
    # Those who have asked come no more anew: it does not trip again.
    cut = 0
    for _ in range(6):
        await town.a_minute_later()
        now_cut = (await town.states())["disconnecting"]
        assert now_cut - cut <= PACED
        cut = now_cut
    assert await town.states() == {"disconnecting": HOUSES}
    assert len(await town.scratch.sql("SELECT FROM cut_hold")) == 1


async def test_whoever_pays_while_cuts_are_stopped_is_let_go(town: Town) -> None:
    await town.look()
    await town.scratch.sql("UPDATE account SET balance_micro = 9 WHERE id = $1", town.ids[0])
    await town.look()
    assert await town.states() == {"pending": HOUSES - 1, "connected": 1}
    assert await town.scratch.sql("SELECT FROM command") == []


async def test_stored_decisions_are_decided_the_same_and_one_that_is_not_is_named(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    await town.look()
    asked = ["--database-url", town.scratch.url]
    assert await asyncio.to_thread(main, asked) == 0
    assert f"{HOUSES} decisions: all are decided the same" in capsys.readouterr().out
    connection = await town.scratch.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE decision SET held = '{}' WHERE account_id = $1", town.ids[0])
    await connection.close()
    assert await asyncio.to_thread(main, [*asked, "--account", str(town.ids[0])]) == 1
    assert f"of account {town.ids[0]}" in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["--database-url", "postgresql://127.0.0.1:1/x"]) == 2


def _by(who: str, at: datetime) -> Decided:
    return Decided(by=who, reason="test", at=at)
