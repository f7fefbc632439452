"""A town that lives while its parts are killed: meters read, accounts run out, people pay.

`Town.proof` then says what must hold whatever happened, from the meters' own registers and from
what was paid, against what each service has stored.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from world import MICRO, World

from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.topics import TOPICS
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import us_of
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

STEPS_PER_S = 3
PAYS_AFTER_S = 0.5
_SUPPLIED = ("connected", "warned")
_AT_REST = (*_SUPPLIED, "disconnected")
LIVES_S = 240.0
"""A kill and every part's return, and the last payment taken, with room to spare."""
QUIET_S = 90.0
"""A command whose answer was lost is sent again after 2 s, 4 s and so on."""


@dataclass
class Town:
    """Households, their fleet, and what was paid for them."""

    world: World
    homes: Sequence[Household]
    fleet: Fleet
    chance: random.Random
    payments: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    steps: int = 0
    spoilt: bool = False
    """Whether a test left it in a state that the next one can prove nothing about."""
    _seen: int = 0
    _dead_letters: int = 0

    async def open(self) -> None:
        """Register everybody."""
        await self.world.register(*self.homes)
        self._dead_letters = await self._count_dead_letters()

    @asynccontextmanager
    async def living(self) -> AsyncGenerator[None]:
        """Readings flow and people pay; at the end all payments are in, whatever was down."""
        if self.spoilt:
            pytest.fail("an earlier kill spoilt the town")
        self.spoilt = True  # until it is proven
        stop = asyncio.Event()
        async with asyncio.timeout(LIVES_S), asyncio.TaskGroup() as group:
            group.create_task(self._read_meters(stop))
            group.create_task(self._pay_for_cuts(stop, group))
            try:
                yield
            finally:
                stop.set()

    async def last_step(self) -> datetime:
        """A reading of each meter, with its PUBACK: what a killed broker had forgotten is in it."""
        self.steps += 1
        at = self.world.instant(self.steps)
        await self.fleet.publish_step(at=at)
        await self.fleet.drain(timeout=QUIET_S)
        return at

    async def proof(self) -> None:
        """Wait until all is quiet and hold everything against everything."""
        await self._until_quiet(await self.last_step())
        accounts = await self._accounts()
        self._charged_once(accounts)
        self._relays_agree(accounts)
        await self._commands_executed_once()
        totals = await self.world.totals()
        assert totals["imbalance_micro"] == 0
        assert totals["entries_differ_micro"] == 0
        ids = {str(account["id"]) for account in accounts.values()}
        await self.world.agrees(ids)
        await self._until_told()
        assert await self._count_dead_letters() == self._dead_letters
        self.spoilt = False

    def pays(self, home: Household) -> bool:
        """Three in four do; the others stay cut."""
        return home.number[-1] not in "048"

    async def _read_meters(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.steps += 1
            await self.fleet.publish_step(at=self.world.instant(self.steps))
            await _pause(stop, 1 / STEPS_PER_S)

    async def _pay_for_cuts(self, stop: asyncio.Event, group: asyncio.TaskGroup) -> None:
        by_meter = {home.meter_id: home for home in self.homes}
        while not stop.is_set():
            moves = self.fleet.moves[self._seen :]
            self._seen += len(moves)
            for move in moves:
                home = by_meter[move.meter_id]
                if move.relay is RelayState.OPEN and self.pays(home):
                    group.create_task(self._pay(home))
            await _pause(stop, 0.1)

    async def _pay(self, home: Household) -> None:
        """Until the account has money again: after an outage its debt can be larger."""
        await asyncio.sleep(PAYS_AFTER_S)
        balance_micro = 0
        while balance_micro <= 0:
            amount_micro = self.chance.randint(10, 30) * MICRO // 10
            self.payments[home.number].append(amount_micro)
            balance_micro = await self._pay_until_taken(home, amount_micro)

    async def _pay_until_taken(self, home: Household, amount_micro: int) -> int:
        """As providers do: the same payment again until it is taken. Gives the balance."""
        payment_id = f"pay_{new_id()}"
        while True:
            try:
                answer = await self.world.pay(home.number, amount_micro, payment_id=payment_id)
                if answer.is_success:
                    return answer.json()["balance_micro"]
                assert answer.is_server_error, answer.text
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.5)

    async def _until_quiet(self, at: datetime) -> None:
        """All readings up to ``at`` are charged, whoever pays has supply, and no command is under
        way."""
        stop = asyncio.Event()
        deadline = time.monotonic() + QUIET_S
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pay_for_cuts(stop, group))
            while restless := await self._restless(at):
                if time.monotonic() > deadline:
                    break
                await _pause(stop, 0.3)
            stop.set()
        assert not restless, f"not quiet in {QUIET_S:g} s, readings up to {at}: {restless}"

    async def _restless(self, at: datetime) -> list[tuple[Any, ...]]:
        accounts = await self._accounts()
        found = []
        for home in self.homes:
            account = accounts[home.number]
            states = _SUPPLIED if self.pays(home) else _AT_REST
            if account["last_at_us"] != us_of(at) or account["supply_state"] not in states:
                found.append((*account, self.fleet.meters[home.meter_id].relay))
        return found

    def _charged_once(self, accounts: dict[str, Any]) -> None:
        for home in self.homes:
            account = accounts[home.number]
            acked = self.fleet.meters[home.meter_id].truth.last_acked
            assert acked is not None
            assert (account["last_wh"], account["last_at_us"]) == (
                acked.import_wh,
                us_of(acked.at),
            )
            cost_micro = self.world.charge_micro(home, readings=[(acked.at, acked.import_wh)])
            paid_micro = sum(self.payments[home.number])
            assert account["balance_micro"] == home.balance_micro + paid_micro - cost_micro

    def _relays_agree(self, accounts: dict[str, Any]) -> None:
        for home in self.homes:
            cut = accounts[home.number]["supply_state"] == "disconnected"
            relay = self.fleet.meters[home.meter_id].relay
            assert relay is (RelayState.OPEN if cut else RelayState.CLOSED), home.meter_id

    async def _commands_executed_once(self) -> None:
        """Every command came to its end; those that succeeded were executed by their meter, once,
        and nothing else was but what was superseded meanwhile."""
        rows = await self._ledger_rows("SELECT id, status FROM command WHERE meter_id = ANY($1)")
        status_of: dict[UUID, str] = {row["id"]: row["status"] for row in rows}
        executed: Counter[UUID] = Counter()
        for home in self.homes:
            executed += self.fleet.meters[home.meter_id].commands.executions
        assert set(executed.values()) == {1}
        assert set(status_of.values()) <= {"succeeded", "superseded"}
        assert {i for i, status in status_of.items() if status == "succeeded"} <= set(executed)
        assert set(executed) <= set(status_of)

    async def _notices_missing(self) -> Counter[tuple[UUID, str]]:
        """Notices of supply and payments that are still to come, by account and template. Fails
        for one too many, and for an event that made two."""
        accounts = await self._accounts()
        wanted = await self._supply_notices_wanted()
        for home in self.homes:
            account_id = accounts[home.number]["id"]
            wanted[account_id, "topped-up"] = len(self.payments[home.number])
        rows = await self._rows(
            "notifier",
            """
            SELECT account_id, template, cause_id FROM notice
            WHERE account_id = ANY($1) AND template IN ('supply-off', 'supply-on', 'topped-up')
            """,
            [account["id"] for account in accounts.values()],
        )
        assert len({(row["cause_id"], row["template"]) for row in rows}) == len(rows)
        found = Counter((row["account_id"], row["template"]) for row in rows)
        assert not found - wanted, f"notices that nothing called for: {found - wanted}"
        return wanted - found

    async def _supply_notices_wanted(self) -> Counter[tuple[UUID, str]]:
        """From the ledger's decisions: a confirmed cut, and the first supply after one."""
        rows = await self._ledger_rows(
            """
            SELECT account_id, state FROM decision
            WHERE account_id IN (SELECT account_id FROM installation WHERE meter_id = ANY($1))
            ORDER BY id
            """
        )
        wanted: Counter[tuple[UUID, str]] = Counter()
        off: set[UUID] = set()
        for account_id, state in rows:
            if state == "disconnected":
                wanted[account_id, "supply-off"] += 1
                off.add(account_id)
            elif state in (*_SUPPLIED, "pending") and account_id in off:
                wanted[account_id, "supply-on"] += 1
                off.remove(account_id)
        return wanted

    async def _until_told(self) -> None:
        """Each event has made its notice."""
        deadline = time.monotonic() + QUIET_S
        while missing := await self._notices_missing():
            assert time.monotonic() < deadline, f"no notice in {QUIET_S:g} s: {missing}"
            await asyncio.sleep(0.3)

    async def _accounts(self) -> dict[str, Any]:
        rows = await self._ledger_rows(
            """
            SELECT a.id, a.number, a.balance_micro, a.supply_state, m.last_wh, m.last_at_us
            FROM installation AS i JOIN account AS a ON a.id = i.account_id
            LEFT JOIN meter_state AS m ON m.meter_id = i.meter_id
            WHERE i.meter_id = ANY($1)
            """
        )
        return {row["number"]: row for row in rows}

    async def _ledger_rows(self, query: str) -> list[Any]:
        return await self._rows("prepay_ledger", query, [home.meter_id for home in self.homes])

    async def _rows(self, database: str, query: str, keys: list[Any]) -> list[Any]:
        url = self.world.stack.endpoints.database_url(database).replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(query, keys)
        finally:
            await connection.close()

    async def _count_dead_letters(self) -> int:
        """How many dead letters there are at all: no kill may make one."""
        bootstrap = self.world.stack.endpoints.kafka_bootstrap
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        await consumer.start()
        try:
            places = [TopicPartition(topic.dead_letter, 0) for topic in TOPICS]
            return sum((await consumer.end_offsets(places)).values())
        finally:
            await consumer.stop()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
