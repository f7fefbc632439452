"""A utility on real parts for tests: households, their fleet, and what every service says of them.

Topics and databases are shared with whatever else ran on the stack, so a test looks at its own
households only.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from prewatt_cli.payments import pay, signed_payment
from prewatt_cli.target import SERVICES, Target
from prewatt_cli.utility import (
    BLOCK_TARIFF,
    CURRENCY,
    FLAT_TARIFF,
    TIMEZONE,
    fleet_settings,
    publish_tariffs,
    register_households,
)
from prewatt_common.contracts.ledger_events_v1 import SupplyChanged
from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import header
from prewatt_devstack import Stack
from prewatt_devstack.services import WEBHOOK_PROVIDER
from prewatt_metering.monthly.months import BillingMonth, MonthClock
from prewatt_metering.monthly.rating import rate
from prewatt_metering.monthly.registers import Binding, MonthRegister, usage
from prewatt_metering.monthly.tariffs import Block, Tariff
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

MICRO = 1_000_000
INTERVAL = timedelta(minutes=15)
ZONE = ZoneInfo(TIMEZONE)
WAIT_S = 60.0
"""Two loaded cores are slow: what is waited for comes in well under a second otherwise."""
_POLL_S = 0.1


def begin_for(now: datetime) -> datetime:
    """Local midnight of the 10th of the month before last: ten days of readings from here on are
    in one month, and neither they nor the next month's are in the future."""
    day = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(2):
        day = day.replace(day=1) - timedelta(days=1)
    return day.replace(day=10).astimezone(UTC)


async def until(
    holds: Callable[[], Awaitable[Any]], *, what: str, timeout_s: float = WAIT_S
) -> Any:
    """Poll until ``holds`` gives something true, and give that; fail with its last answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = await holds()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not in {timeout_s:g} s: {what}")
        await asyncio.sleep(_POLL_S)


@dataclass
class World:
    """The four services on a stack, as a utility and its payment provider see them."""

    stack: Stack
    target: Target
    begin: datetime = field(default_factory=lambda: begin_for(datetime.now(UTC)))
    """When bindings begin; the first reading ends an interval after it."""
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))
    _run: str = field(default_factory=lambda: uuid4().hex[:6])

    async def open(self) -> None:
        """Clients with tokens, and the tariffs."""
        for service in SERVICES:
            scope = service.rpartition("-")[2]
            token = self.target.token(
                scopes=[f"{scope}:read", f"{scope}:write"],
                lifetime=timedelta(hours=2),
                subject="tests",
            )
            self._clients[service] = httpx.AsyncClient(
                base_url=self.target.url(service),
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
            )
        await asyncio.to_thread(self._publish_tariffs)

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            await client.aclose()

    @property
    def ledger(self) -> httpx.AsyncClient:
        """The ledger's API, with the right to write."""
        return self._clients["prepay-ledger"]

    @property
    def gateway(self) -> httpx.AsyncClient:
        """The gateway's API, with the right to write."""
        return self._clients["meter-gateway"]

    def instant(self, step: int) -> datetime:
        """When the interval ``step`` (1 is the first) ends."""
        return self.begin + INTERVAL * step

    @property
    def steps_to_month_end(self) -> int:
        """The step whose reading closes the month of ``begin``."""
        next_month = (self.begin.astimezone(ZONE) + timedelta(days=25)).replace(day=1)
        return (next_month - self.begin) // INTERVAL

    def household(self, **changes: Any) -> Household:
        """A household with a number and a meter of its own, not registered yet."""
        number = f"{self._run}-{next(self._numbers):04d}"
        defaults = {"number": number, "meter_id": f"e2e-{number}", "balance_micro": 0}
        return Household(**(defaults | changes))

    async def register(self, *households: Household) -> None:
        """Devices at the gateway; accounts, bound to them, at the ledger."""
        await asyncio.to_thread(self._register, households)

    async def register_devices(self, *meter_ids: str) -> None:
        """Devices at the gateway alone."""
        lines = [f"{meter_id},prewatt-simulator,canonical" for meter_id in meter_ids]
        response = await self.gateway.post(
            "/v1/devices/import",
            content="\n".join(["meter_id,model,codec", *lines]),
            headers={"content-type": "text/csv"},
        )
        response.raise_for_status()

    def fleet(self, households: Sequence[Household], **settings: Any) -> Fleet:
        """The households' meters, on the stack's broker."""
        ours = fleet_settings(self.stack, [each.meter_id for each in households])
        return Fleet(replace(ours, interval=INTERVAL, **settings))

    async def pay(
        self, number: str, amount_micro: int, *, payment_id: str | None = None
    ) -> httpx.Response:
        """What a payment provider sends."""
        return await asyncio.to_thread(
            pay,
            ledger_url=self.target.url("prepay-ledger"),
            provider=WEBHOOK_PROVIDER,
            secret=self.target.webhook_secrets[WEBHOOK_PROVIDER],
            account_number=number,
            amount_micro=amount_micro,
            currency=CURRENCY,
            payment_id=payment_id,
        )

    def signed(self, number: str, amount_micro: int) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a payment, to be sent by `send_webhook`."""
        return signed_payment(
            secret=self.target.webhook_secrets[WEBHOOK_PROVIDER],
            account_number=number,
            amount_micro=amount_micro,
            currency=CURRENCY,
            payment_id=f"pay_{new_id()}",
        )

    async def send_webhook(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send exactly this."""
        return await self.ledger.post(
            f"/v1/webhooks/payments/{WEBHOOK_PROVIDER}", content=body, headers=headers
        )

    async def account(self, number: str) -> dict[str, Any]:
        """The ledger's account, with its bindings."""
        return await self._get("prepay-ledger", "/v1/accounts", number=number)

    async def decisions(self, account_id: str) -> list[dict[str, Any]]:
        """The account's decisions, oldest first."""
        return (await self.items("prepay-ledger", f"/v1/accounts/{account_id}/decisions"))[::-1]

    async def commands(self, account_id: str) -> list[dict[str, Any]]:
        """The account's relay commands, newest first."""
        return await self.items("prepay-ledger", f"/v1/accounts/{account_id}/commands")

    async def totals(self) -> dict[str, Any]:
        """The ledger as a whole."""
        return await self._get("prepay-ledger", "/v1/totals")

    async def notices(self, account_id: str) -> list[dict[str, Any]]:
        """The account's notices, oldest first."""
        return (await self.items("notifier", "/v1/notices", account_id=account_id))[::-1]

    async def reconciliation(self, month: str, account_ids: set[str]) -> dict[str, list[Any]]:
        """Billing's comparison of these accounts' meter-months, by kind."""
        kinds = ("agrees", "in_flight", "differs", "missing_in_ledger", "missing_in_billing",
                 "not_rateable")  # fmt: skip
        found: dict[str, list[Any]] = {kind: [] for kind in kinds}
        for each in await self.items("billing", f"/v1/reconciliation/{month}", kind=kinds):
            if each["account_id"] in account_ids:
                found[each["kind"]].append(each)
        return found

    async def agrees(self, month: str, account_ids: set[str], *, timeout_s: float = WAIT_S) -> int:
        """Wait until billing agrees on every one of the accounts' meter-months; how many."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = await self.reconciliation(month, account_ids)
            others = {kind: each for kind, each in found.items() if each and kind != "agrees"}
            if not others and len(found["agrees"]) >= len(account_ids):
                return len(found["agrees"])
            if time.monotonic() > deadline:
                pytest.fail(f"billing and ledger do not agree in {month}: {others}")
            await asyncio.sleep(_POLL_S)

    async def settled(
        self, household: Household, *, read_at: datetime, timeout_s: float = WAIT_S
    ) -> dict[str, Any]:
        """Wait until the reading of ``read_at`` is charged; gives the account."""

        async def charged() -> dict[str, Any] | None:
            account = await self.account(household.number)
            last = [b["last_read_at"] for b in account["bindings"] if b["last_read_at"]]
            return account if last and max(map(_instant, last)) >= read_at else None

        what = f"the reading of {household.meter_id} at {read_at} is charged"
        return await until(charged, what=what, timeout_s=timeout_s)

    async def in_state(self, household: Household, *states: str) -> dict[str, Any]:
        """Wait until the account's supply is in one of ``states``; gives the account."""

        async def there() -> dict[str, Any] | None:
            account = await self.account(household.number)
            return account if account["supply_state"] in states else None

        return await until(there, what=f"{household.number} is {' or '.join(states)}")

    async def supply_changes(self, account_id: str) -> list[SupplyChanged]:
        """What Kafka tells of the account's supply, in order, each event once."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.stack.endpoints.kafka_bootstrap)
        await consumer.start()
        try:
            partitions = await _partitions(consumer, LEDGER_EVENTS.name)
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: dict[str, SupplyChanged] = {}
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        if header(record.headers, "ce_type") != SupplyChanged.ce_type:
                            continue
                        event = msgspec.json.decode(record.value, type=SupplyChanged)
                        if str(event.account_id) == account_id:
                            found[header(record.headers, "ce_id") or ""] = event
            return list(found.values())
        finally:
            await consumer.stop()

    def charge_micro(self, household: Household, *, register_wh: int, last_at: datetime) -> int:
        """What readings up to ``last_at``, all in one month, must have cost: rated here, from the
        meter's own register, by nothing that the ledger has stored."""
        clock = MonthClock(ZONE)
        month = clock.month_of(last_at)
        used = usage(
            binding=Binding(
                binding_id=household.number,
                effective_from=self.begin,
                effective_to=None,
                opening_wh=household.opening_wh,
            ),
            months={month: MonthRegister(month=month, max_wh=register_wh, last_at=last_at)},
            clock=clock,
        )
        tariff = _tariff(FLAT_TARIFF if household.tariff_code == "flat" else BLOCK_TARIFF)
        return sum(
            rate(tariff=tariff, energy_wh=each.energy_wh, days=each.days).total_micro
            for each in used
        )

    @property
    def month(self) -> str:
        """The billing month of readings soon after ``begin``."""
        local = self.begin.astimezone(ZONE)
        return str(BillingMonth(local.year, local.month))

    async def items(self, service: str, path: str, **filters: Any) -> list[dict[str, Any]]:
        """All of a list, in its order."""
        found: list[dict[str, Any]] = []
        further: dict[str, str] = {}
        while True:
            page = await self._get(service, path, **filters, **further, limit=1000)
            found += page["items"]
            if page["next"] is None:
                return found
            further = {"cursor": page["next"]}

    async def _get(self, service: str, path: str, **params: Any) -> Any:
        response = await self._clients[service].get(path, params=params)
        return response.raise_for_status().json()

    def _publish_tariffs(self) -> None:
        with self.target.client("prepay-ledger") as ledger:
            publish_tariffs(ledger)

    def _register(self, households: Sequence[Household]) -> None:
        with (
            self.target.client("meter-gateway") as gateway,
            self.target.client("prepay-ledger") as ledger,
        ):
            register_households(
                gateway=gateway,
                ledger=ledger,
                households=households,
                effective_from=self.begin,
            )


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    await consumer.topics()
    return [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]


def _tariff(terms: dict[str, Any]) -> Tariff:
    return Tariff(
        blocks=tuple(
            Block(upto_wh=b.get("upto_wh"), price_micro_per_kwh=b["price_micro_per_kwh"])
            for b in terms["blocks"]
        ),
        standing_micro_per_day=terms["standing_micro_per_day"],
        tax_bp=terms["tax_bp"],
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
