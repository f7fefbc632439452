"""A utility on real parts for tests: households, their fleet, and what every service says of them.

Topics and databases are shared with whatever else ran on the stack, so a test looks at its own
households only.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from apis import WAIT_S, ZONE, Services, until
from expected import PUBLISHED, charges

from prewatt_cli.payments import pay, signed_payment
from prewatt_cli.utility import CURRENCY, fleet_settings, publish_tariffs, register_households
from prewatt_common.contracts.ledger_events_v1 import SupplyChanged
from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import header
from prewatt_devstack import Stack
from prewatt_devstack.services import WEBHOOK_PROVIDER
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

__all__ = ["INTERVAL", "MICRO", "WAIT_S", "ZONE", "World", "until"]
MICRO = 1_000_000
INTERVAL = timedelta(minutes=15)
_ALL_IS_NEW = {"corrected_bills": {"apart_after_days": 3_660}}
Readings = Iterable[tuple[datetime, int]]
"""Instants and registers in Wh."""


@dataclass(kw_only=True)
class World(Services):
    """The four services on a stack, as a utility and its payment provider see them."""

    stack: Stack
    _numbers: Any = field(default_factory=lambda: count(1))
    _run: str = field(default_factory=lambda: uuid4().hex[:6])

    async def open(self) -> None:
        """Clients with tokens, and the tariffs."""
        self.open_clients()
        await asyncio.to_thread(self._publish_tariffs)
        await self.in_force({})

    async def in_force(
        self,
        classes: Mapping[str, Mapping[str, Any]],
        *,
        default: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """A policy with these classes, drafted by one person and published by another. Unless it
        says otherwise, the world's readings, which are of months ago, are charged to balances."""
        document = {
            "default": _ALL_IS_NEW | default,
            "classes": {name: _ALL_IS_NEW | terms for name, terms in classes.items()},
        }
        body = {"document": document, "reason": "a test"}
        drafted = await self.tell_ledger("/v1/policies", body)
        token = self.target.token(
            scopes=["ledger:write"], lifetime=timedelta(hours=1), subject="another"
        )
        answer = await self.ledger.post(
            f"/v1/policies/{drafted['id']}/publish",
            json={"reason": "seen"},
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text

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
        defaults = {
            "number": number,
            "meter_id": f"e2e-{number}",
            "balance_micro": 0,
            "tariff_code": "energy-flat",
        }
        return Household(**(defaults | changes))

    async def register(self, *households: Household) -> None:
        """Devices at the gateway; accounts that they serve at the ledger."""
        await asyncio.to_thread(self._register, households)

    async def open_account(self, home: Household, *, protected: bool = False) -> str:
        """An account alone, without agreement or meter; gives its id."""
        body = {
            "number": home.number,
            "currency": CURRENCY,
            "protected": protected,
            "prepay_agreement": "direct",
        }
        answer = await self.ledger.post("/v1/accounts", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def serve(self, home: Household, account_id: str) -> None:
        """The account's agreement, and its meter, from the beginning on."""
        first_day = self.begin.astimezone(ZONE).date().isoformat()
        agreement = {"tariff_code": home.tariff_code, "first_day": first_day, "reason": "a test"}
        await self.tell_ledger(f"/v1/accounts/{account_id}/agreements", agreement)
        installation = {
            "meter_id": home.meter_id,
            "begins_at": self.begin.isoformat(),
            "opening_wh": home.opening_wh,
            "reason": "a test",
        }
        await self.tell_ledger(f"/v1/accounts/{account_id}/installations", installation)

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

    async def settled(
        self, household: Household, *, read_at: datetime, timeout_s: float = WAIT_S
    ) -> dict[str, Any]:
        """Wait until the reading of ``read_at`` is charged; gives the account."""

        async def charged() -> dict[str, Any] | None:
            account = await self.account(household.number)
            periods = await self.charges(account["id"])
            last = [each["last_read_at"] for each in periods if each["last_read_at"]]
            if not last or max(map(_instant, last)) < read_at:
                return None
            # The balance as it is now: the reading may have been charged since it was asked for.
            return await self.account(household.number)

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

    def charge_micro(self, household: Household, *, readings: Readings) -> int:
        """What these readings must have cost by today, with the days' standing charge."""
        return sum(
            each.total_micro
            for each in charges(
                household, begins_at=self.begin, readings=readings, now=datetime.now(UTC)
            )
        )

    def _publish_tariffs(self) -> None:
        with self.target.client("prepay-ledger") as ledger:
            publish_tariffs(ledger, *PUBLISHED)

    def _register(self, households: Sequence[Household]) -> None:
        with (
            self.target.client("meter-gateway") as gateway,
            self.target.client("prepay-ledger") as ledger,
        ):
            register_households(
                gateway=gateway,
                ledger=ledger,
                households=households,
                begins_at=self.begin,
            )


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    await consumer.topics()
    return [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
