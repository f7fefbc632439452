"""The ledger as its own process on real parts: its API, its webhook, readings before it."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from ledger_law import ALL_IS_NEW, somebody_else
from own_databases import migrated_template, own_database

from prepay_ledger.charging.postgres_audit import audit_charges_of
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_events_v1 import (
    CommandProgressed,
    MeterPresenceChanged,
    MeterReported,
)
from prewatt_common.contracts.meter_readings_v1 import Reading, readings_event
from prewatt_common.contracts.topics import LEDGER_EVENTS, METER_EVENTS, METER_READINGS
from prewatt_common.http.auth import issue_token
from prewatt_common.kafka.messages import Message, Source, header
from prewatt_common.kafka.producer import Producer
from prewatt_devstack import Stack
from prewatt_devstack.services import WEBHOOK_PROVIDER

NAME = "prepay-ledger"
WAIT_S = 90.0
MICRO = 1_000_000
TARIFF = "test-flat"
PRICE_MICRO_PER_KWH = 2 * MICRO
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
FLAT_DOCUMENT: dict[str, Any] = {
    "code": TARIFF,
    "valid_from": "2026-01-01",
    "currency": "CNY",
    "timezone": "UTC",
    "components": [
        {
            "kind": "blocks",
            "name": "energy",
            "blocks": [{"upto_wh": None, "micro_per_kwh": PRICE_MICRO_PER_KWH}],
        }
    ],
}
_numbers = itertools.count(1)
MeterEvent: TypeAlias = CommandProgressed | MeterPresenceChanged | MeterReported


@dataclass
class Ledger:
    """The running service. Topics and database are shared by the tests: look at own accounts."""

    stack: Stack
    producer: Producer
    api: httpx.AsyncClient

    def http(self, *scopes: str) -> httpx.AsyncClient:
        """A client with a token of these scopes; without any, no token."""
        token = issue_token(
            private_key_pem=self.stack.keys.auth_private,
            subject="test",
            scopes=scopes,
            now=utc_now(),
            lifetime=timedelta(hours=1),
        )
        headers = {"authorization": f"Bearer {token}"} if scopes else {}
        url = self.stack.endpoints.service_url(NAME)
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=60)

    async def in_force(self, document: dict[str, Any]) -> None:
        """A policy, drafted by one person and published by another."""
        body = {"document": document, "reason": "test"}
        drafted = await self.api.post("/v1/policies", json=body)
        assert drafted.status_code == 201, drafted.text
        async with somebody_else(self) as other:
            answer = await other.post(
                f"/v1/policies/{drafted.json()['id']}/publish", json={"reason": "test"}
            )
        assert answer.status_code == 200, answer.text

    @staticmethod
    def number() -> str:
        """An account number that no other test uses."""
        return f"L-{uuid4().hex[:8]}-{next(_numbers)}"

    async def open(self, **terms: Any) -> dict[str, Any]:
        """A new account."""
        body = {"number": self.number(), "currency": "CNY", "prepay_agreement": "direct"} | terms
        answer = await self.api.post("/v1/accounts", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def agree(self, account: dict[str, Any], **more: Any) -> httpx.Response:
        """Charge the account by `TARIFF` from `BEGIN`'s day on."""
        body = {
            "tariff_code": TARIFF,
            "first_day": BEGIN.date().isoformat(),
            "reason": "test",
        } | more
        return await self.api.post(f"/v1/accounts/{account['id']}/agreements", json=body)

    async def install(
        self, account: dict[str, Any], meter_id: str | None = None, /, **more: Any
    ) -> httpx.Response:
        """Have a meter serve the account from `BEGIN` on, register at zero."""
        body = {
            "meter_id": meter_id or f"m-{account['number']}",
            "begins_at": BEGIN.isoformat(),
            "opening_wh": 0,
            "reason": "test",
        } | more
        return await self.api.post(f"/v1/accounts/{account['id']}/installations", json=body)

    async def has_max_w(self, meter_id: str, max_w: int) -> None:
        """More than a household can take, so that a large step is possible."""
        body = {"household": False, "max_w": max_w, "reason": "test"}
        answer = await self.api.put(f"/v1/meters/{meter_id}", json=body)
        assert answer.status_code == 200, answer.text

    async def household(self, *, paid_micro: int = 0, **terms: Any) -> tuple[dict[str, Any], str]:
        """An account with a meter, topped up."""
        account = await self.open(**terms)
        meter_id = f"m-{account['number']}"
        assert (await self.agree(account)).status_code == 201
        assert (await self.install(account, meter_id)).status_code == 201
        if paid_micro:
            assert (await self.pay(account["number"], paid_micro)).status_code == 200
        return account, meter_id

    async def account(self, account: dict[str, Any]) -> dict[str, Any]:
        """The account as it stands."""
        answer = await self.api.get(f"/v1/accounts/{account['id']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def worth(self, account: dict[str, Any]) -> int:
        """The balance less what is owed apart from it, in micro-units."""
        answer = await self.api.get(f"/v1/debts?account_id={account['id']}&limit=1000")
        assert answer.status_code == 200, answer.text
        owed = sum(each["left_micro"] for each in answer.json()["items"])
        return (await self.account(account))["balance_micro"] - owed

    def payment(self, number: str, amount_micro: Any = MICRO, **data: Any) -> dict[str, Any]:
        """A payment event's body."""
        return {
            "type": "payment.succeeded",
            "timestamp": utc_now().isoformat(),
            "data": {
                "payment_id": f"p-{uuid4()}",
                "account_number": number,
                "amount_micro": amount_micro,
                "currency": "CNY",
            }
            | data,
        }

    def signed(
        self, body: bytes, *, event_id: str | None = None, at: datetime | None = None
    ) -> dict[str, str]:
        """The headers of a signed webhook call, over any bytes."""
        event_id, at = event_id or f"e-{uuid4()}", at or utc_now()
        timestamp = str(int(at.timestamp()))
        key = base64.b64decode(self.stack.keys.webhook_secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
        return {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }

    async def deliver(
        self,
        body: bytes | dict[str, Any],
        *,
        provider: str = WEBHOOK_PROVIDER,
        headers: dict[str, str] | None = None,
        **signing: Any,
    ) -> httpx.Response:
        """Call the webhook as a provider does."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.api.post(
            f"/v1/webhooks/payments/{provider}",
            content=raw,
            headers=self.signed(raw, **signing) | (headers or {}),
        )

    async def kept(self, event_id: str) -> list[dict[str, Any]]:
        """The events that were kept under the provider's ``event_id``, oldest first, whole."""
        rows = await self.sql(
            "SELECT id FROM payment_event WHERE event_id = $1 ORDER BY id", event_id
        )
        answers = [await self.api.get(f"/v1/payment-events/{row['id']}") for row in rows]
        return [answer.json() for answer in answers]

    async def suspended(self, amount_micro: int = MICRO, **data: Any) -> dict[str, Any]:
        """A payment that nobody could place, as the API lists it."""
        body = self.payment("nobody-" + self.number(), amount_micro, **data)
        answer = await self.deliver(body)
        assert answer.json()["outcome"] == "suspense", answer.text
        (found,) = (
            await self.api.get("/v1/payments", params={"payment_id": body["data"]["payment_id"]})
        ).json()["items"]
        return found

    async def pay(self, number: str, amount_micro: int) -> httpx.Response:
        """A good payment."""
        return await self.deliver(self.payment(number, amount_micro))

    async def read(self, *readings: tuple[str, int, int]) -> None:
        """Put readings on Kafka: meter, minutes after `BEGIN`, Wh."""
        await self.publish(_readings(readings))

    async def read_together(self, *readings: tuple[str, int, int]) -> None:
        """The same in one record, so that they come in one batch."""
        record = readings_event(_readings(readings))
        message = Source("test").message(
            topic=METER_READINGS, key=readings[0][0], event=record, at=utc_now()
        )
        await self.producer.send([message])

    async def answer(
        self,
        *commands: dict[str, Any],
        status: CommandStatus = CommandStatus.SUCCEEDED,
    ) -> None:
        """What meters answer to commands; unless told, that they did as asked."""
        relay_after = {
            RelayAction.DISCONNECT: RelayState.OPEN,
            RelayAction.RECONNECT: RelayState.CLOSED,
            RelayAction.ARM: RelayState.ARMED,
        }
        succeeded = status is CommandStatus.SUCCEEDED
        await self.publish(
            [
                CommandProgressed(
                    command_id=UUID(str(command["id"])),
                    meter_id=command["meter_id"],
                    action=RelayAction(command["action"]),
                    sequence=command["sequence"],
                    status=status,
                    at=utc_now(),
                    relay=relay_after[RelayAction(command["action"])] if succeeded else None,
                )
                for command in commands
            ]
        )

    async def publish(self, events: Sequence[Reading | MeterEvent]) -> None:
        """Events of meters on their topics."""
        await self.producer.send([_message(event) for event in events])

    async def until_state(self, account: dict[str, Any], state: str) -> dict[str, Any]:
        """The account, once it is in that supply state."""

        async def there() -> dict[str, Any] | None:
            found = await self.account(account)
            return found if found["supply_state"] == state else None

        return await self.until(there, what=f"{account['number']} {state}")

    async def until_balance(self, account: dict[str, Any], balance_micro: int) -> None:
        """Wait for a balance."""

        async def there() -> bool:
            return (await self.account(account))["balance_micro"] == balance_micro

        await self.until(there, what=f"{account['number']} at {balance_micro}")

    async def newest(self, account: dict[str, Any], what: str) -> list[dict[str, Any]]:
        """The account's commands, decisions or entries, newest first."""
        answer = await self.api.get(f"/v1/accounts/{account['id']}/{what}?limit=1000")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def sums_to_zero(self) -> dict[str, Any]:
        """The totals, checked."""
        totals = (await self.api.get("/v1/totals")).json()
        assert totals["imbalance_micro"] == 0
        assert totals["entries_differ_micro"] == 0
        return totals

    async def posted(self) -> dict[str, int]:
        """What ledger accounts come to in CNY."""
        totals = await self.sums_to_zero()
        return next(
            (each["postings_micro"] for each in totals["currencies"] if each["currency"] == "CNY"),
            {},
        )

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """Ask the ledger's database."""
        url = self.stack.endpoints.database_url("prepay_ledger")
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def audited(self, *changes: tuple[str, Sequence[Any]]) -> list[str]:
        """What deriving use and charges again finds after ``changes`` past the ledger: statements
        with their values, each of one row, that are undone again."""
        url = self.stack.endpoints.database_url("prepay_ledger")
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            changed = connection.transaction(isolation="repeatable_read")
            await changed.start()
            await connection.execute("SET LOCAL session_replication_role = replica")
            for query, values in changes:
                assert (await connection.execute(query, *values)).endswith(" 1"), query
            found = [str(each) async for each in audit_charges_of(connection)]
            await changed.rollback()
        finally:
            await connection.close()
        return found

    async def until(
        self, holds: Callable[[], Awaitable[Any]], *, what: str, timeout_s: float = WAIT_S
    ) -> Any:
        """Wait for what must come to hold, and give it."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = await holds()
            if found:
                return found
            if time.monotonic() > deadline:
                pytest.fail(f"not in {timeout_s:g} s: {what}")
            await asyncio.sleep(0.05)


def _readings(readings: Sequence[tuple[str, int, int]]) -> list[Reading]:
    now = utc_now()
    return [
        Reading(
            meter_id=meter_id,
            read_at=BEGIN + timedelta(minutes=minutes),
            import_wh=wh,
            received_at=now,
        )
        for meter_id, minutes, wh in readings
    ]


def _message(event: Reading | MeterEvent) -> Message:
    topic = METER_READINGS if isinstance(event, Reading) else METER_EVENTS
    sent = readings_event([event]) if isinstance(event, Reading) else event
    return Source("test").message(topic=topic, key=event.meter_id, event=sent, at=utc_now())


@pytest.fixture(scope="session")
async def migrated(stack: Stack) -> AsyncGenerator[str]:
    """The database that those of the tests are copies of."""
    async with migrated_template(stack, "prepay_ledger") as name:
        yield name


@pytest.fixture
async def own_database_url(stack: Stack, migrated: str) -> AsyncGenerator[str]:
    """A database of the test's own, with the ledger's tables and nothing in them."""
    async with own_database(stack, "prepay_ledger", template=migrated) as url:
        yield url


@pytest.fixture
async def another_database_url(stack: Stack, migrated: str) -> AsyncGenerator[str]:
    """Another one, to be compared with."""
    async with own_database(stack, "prepay_ledger", template=migrated) as url:
        yield url


@pytest.fixture(scope="module")
async def module_database_url(stack: Stack, migrated: str) -> AsyncGenerator[str]:
    """A database that a module's tests share, for those that change nothing in it."""
    async with own_database(stack, "prepay_ledger", template=migrated) as url:
        yield url


@pytest.fixture(scope="session")
async def migrated_service(stack: Stack) -> None:
    """The service's own database is migrated, by the command: once, not for each module."""
    await asyncio.to_thread(stack.start_services, NAME)
    await asyncio.to_thread(stack.stop, NAME)


@pytest.fixture(scope="module")
async def ledger(stack: Stack, migrated_service: None) -> AsyncGenerator[Ledger]:
    """The ledger, started for a module's tests."""
    await asyncio.to_thread(stack.start, NAME)
    producer = Producer(bootstrap=stack.endpoints.kafka_bootstrap)
    running = Ledger(stack=stack, producer=producer, api=httpx.AsyncClient())
    async with running.http("ledger:read", "ledger:write") as running.api:
        published = await running.api.post(
            "/v1/tariffs", json={"document": FLAT_DOCUMENT, "reason": "test"}
        )
        assert published.status_code in (200, 201), published.text
        await running.in_force({"default": ALL_IS_NEW})
        yield running
        assert await running.audited() == []
    await producer.stop()
    await asyncio.to_thread(stack.stop, NAME)


@pytest.fixture
async def kafka_events(
    ledger: Ledger,
) -> AsyncGenerator[Callable[..., Awaitable[dict[str, Any]]]]:
    """Waits for an event of the ledger published from here on: its type and some of its fields."""
    consumer = AIOKafkaConsumer(
        LEDGER_EVENTS.name,
        bootstrap_servers=ledger.stack.endpoints.kafka_bootstrap,
        auto_offset_reset="latest",
    )
    await consumer.start()
    for place in consumer.assignment():
        await consumer.position(place)

    async def wait_for(ce_type: str, **fields: Any) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_S):
            async for record in consumer:
                if header(record.headers, "ce_type") != ce_type:
                    continue
                value = json.loads(record.value)
                if fields.items() <= value.items():
                    return value
        raise AssertionError(ce_type)

    yield wait_for
    await consumer.stop()
