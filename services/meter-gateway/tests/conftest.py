"""The gateway as its own process on real parts: meters before it, readers of Kafka behind it."""

import asyncio
import itertools
import re
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiomqtt
import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from gateway_ledger import command_of

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, RelayAction
from prewatt_common.contracts.meter_commands_v1 import KeyMessage, RelayCommand
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.topics import METER_COMMANDS, METER_EVENTS, METER_READINGS
from prewatt_common.http.auth import issue_token
from prewatt_common.kafka.messages import Message, Source, header
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.readings import decode_readings
from prewatt_devstack import Stack
from prewatt_devstack.ports import free_ports
from prewatt_simulator import ConstantLoad, Fleet, FleetSettings

WAIT_S = 60.0
NAME = "meter-gateway"
_numbers = itertools.count(1)


@dataclass
class Gateway:
    """The running service. Topics are shared with other tests: look at own meters only."""

    stack: Stack
    producer: Producer

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
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=30)

    async def meters(self, count: int = 1, *, registered: bool = True) -> list[str]:
        """Ids that no other test uses."""
        ids = [f"gw-{uuid4().hex[:8]}-{next(_numbers)}" for _ in range(count)]
        if registered:
            lines = "".join(f"{meter_id},model-x,canonical\n" for meter_id in ids)
            answer = await self.import_(f"meter_id,model,codec\n{lines}")
            assert answer.json() == {"registered": count, "existing": 0}
        return ids

    async def import_(self, text: str | bytes, *, kind: str = "text/csv") -> httpx.Response:
        """Send a file of meters."""
        async with self.http("gateway:write") as client:
            return await client.post(
                "/v1/devices/import", content=text, headers={"content-type": kind}
            )

    def fleet(self, meter_ids: Sequence[str], **more: Any) -> Fleet:
        """Simulated meters that know the ledger's command key."""
        endpoints = self.stack.endpoints
        settings = FleetSettings(
            mqtt_port=endpoints.mqtt_port,
            username=endpoints.mqtt_fleet_username,
            password=endpoints.mqtt_fleet_password,
            meter_ids=meter_ids,
            connections=1,
            load=ConstantLoad(wh=100),
            **{"command_public_keys": {"dev-1": self.stack.keys.command_public}} | more,
        )
        return Fleet(settings)

    @asynccontextmanager
    async def mqtt(self) -> AsyncGenerator[aiomqtt.Client]:
        """A client that may say anything on any meter's topics."""
        endpoints = self.stack.endpoints
        async with aiomqtt.Client(
            endpoints.mqtt_host,
            endpoints.mqtt_port,
            username=endpoints.mqtt_fleet_username,
            password=endpoints.mqtt_fleet_password,
        ) as client:
            yield client

    async def own_connections(self, meter_ids: Sequence[str]) -> Fleet:
        """Meters with a session, a credential and a last will each."""
        for meter_id in meter_ids:
            await asyncio.to_thread(self.stack.add_mqtt_user, meter_id, f"secret-{meter_id}")
        passwords = {meter_id: f"secret-{meter_id}" for meter_id in meter_ids}
        return self.fleet(meter_ids, one_connection_each=True, meter_passwords=passwords)

    async def records(
        self,
        topic: str,
        enough: Callable[[list[ConsumerRecord]], bool],
        *,
        within_s: float = WAIT_S,
    ) -> list[ConsumerRecord]:
        """What is on ``topic`` in order of time, once it is ``enough``."""
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self.stack.endpoints.kafka_bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            records: list[ConsumerRecord] = []
            try:
                async with asyncio.timeout(within_s):
                    while not enough(records):
                        polled = await consumer.getmany(timeout_ms=300)
                        records += [record for some in polled.values() for record in some]
                        records.sort(key=lambda record: record.timestamp)
            except TimeoutError:
                last = [(r.key, r.headers[0], r.value[:80]) for r in records[-5:]]
                pytest.fail(f"{topic}: {len(records)} records are not enough; the last: {last}")
            return records
        finally:
            await consumer.stop()

    async def readings(self, wanted: set[tuple[str, int]], **more: Any) -> list[Reading]:
        """Readings of the meters of ``wanted``, once every (meter id, register) is there."""
        meters = {meter_id for meter_id, _ in wanted}

        def mine(records: list[ConsumerRecord]) -> list[Reading]:
            return [
                each
                for record in records
                for each in decode_readings(record).events
                if each.meter_id in meters
            ]

        def enough(records: list[ConsumerRecord]) -> bool:
            return wanted <= {(each.meter_id, each.import_wh) for each in mine(records)}

        return mine(await self.records(METER_READINGS.name, enough, **more))

    async def flows(self, fleet: Fleet, meter_id: str) -> None:
        """A good reading still gets through."""
        reading = await fleet.publish_reading(meter_id=meter_id, at=utc_now(), use_wh=7)
        await self.readings({(meter_id, reading.import_wh)})

    async def events(
        self, meter_id: str, enough: Callable[[list[dict[str, Any]]], bool], **more: Any
    ) -> list[dict[str, Any]]:
        """A meter's records on ``meter.events.v1``, as plain objects with ``ce_type``."""

        def mine(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
            return [
                msgspec.json.decode(r.value or b"") | {"ce_type": header(r.headers, "ce_type")}
                for r in records
                if r.key == meter_id.encode()
            ]

        records = await self.records(METER_EVENTS.name, lambda r: enough(mine(r)), **more)
        return mine(records)

    async def progress(self, command: RelayCommand, *until: CommandStatus) -> list[CommandStatus]:
        """What became of a command, in order, once all of ``until`` are there."""
        kind = CommandProgressed.ce_type

        def statuses(events: list[dict[str, Any]]) -> list[CommandStatus]:
            return [
                CommandStatus(each["status"])
                for each in events
                if each["ce_type"] == kind and each["command_id"] == str(command.command_id)
            ]

        return statuses(
            await self.events(command.meter_id, lambda e: set(until) <= set(statuses(e)))
        )

    async def dead_letters(self, topic: str, meter_id: str, count: int = 1) -> list[ConsumerRecord]:
        """Dead letters of a meter."""

        def mine(records: list[ConsumerRecord]) -> list[ConsumerRecord]:
            return [r for r in records if r.key == meter_id.encode()]

        return mine(await self.records(f"{topic}.dlq", lambda r: len(mine(r)) >= count))

    async def command(
        self,
        meter_id: str,
        action: RelayAction = RelayAction.DISCONNECT,
        *,
        sequence: int = 1,
        lifetime_s: float = 120,
    ) -> RelayCommand:
        """Ask for a relay to move, as the ledger does."""
        command = command_of(
            meter_id,
            action,
            sequence=sequence,
            lifetime_s=lifetime_s,
            private_key_pem=self.stack.keys.command_private,
        )
        await self.send(command)
        return command

    async def send(self, *commands: RelayCommand | KeyMessage) -> None:
        """Put commands on their topic."""
        source = Source("test")
        messages: list[Message] = [
            source.message(topic=METER_COMMANDS, key=c.meter_id, event=c, at=utc_now())
            for c in commands
        ]
        await self.producer.send(messages)

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        async with self.http() as client:
            text = (await client.get("/metrics")).text
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, flags=re.MULTILINE)
        return sum(map(float, found))

    @asynccontextmanager
    async def without(self, part: str) -> AsyncGenerator[None]:
        """A part or service SIGKILLed meanwhile."""
        await asyncio.to_thread(self.stack.kill, part)
        try:
            yield
        finally:
            await asyncio.to_thread(self.stack.start, part)

    @asynccontextmanager
    async def another(self, name: str, *, ready: bool = True, **more: str) -> AsyncGenerator[str]:
        """One more gateway beside the first; gives its base URL."""
        (port,) = free_ports(1)
        env = self.stack.service_env(NAME) | {
            "PREWATT_INSTANCE_ID": name,
            "PREWATT_HTTP_PORT": str(port),
            **more,
        }
        url = f"http://127.0.0.1:{port}"
        path = "readyz/consume" if ready else "healthz"
        await asyncio.to_thread(
            self.stack.start_service,
            name,
            [sys.executable, "-m", "meter_gateway"],
            env=env,
            ready_url=f"{url}/{path}",
        )
        try:
            yield url
        finally:
            await asyncio.to_thread(self.stack.stop, name)
            await self.forget_sessions(name)

    async def forget_sessions(self, name: str) -> None:
        """What the README tells to do where a replica goes for good: its sessions go too, else the
        broker keeps putting its share of the readings there."""
        for direction in ("readings", "reports"):
            async with self.broker_client(identifier=f"{name}-{direction}", clean_session=True):
                pass

    def broker_client(self, **more: Any) -> aiomqtt.Client:
        """A client of the broker with the gateway's rights."""
        endpoints = self.stack.endpoints
        return aiomqtt.Client(
            endpoints.mqtt_host,
            endpoints.mqtt_port,
            username=endpoints.mqtt_gateway_username,
            password=endpoints.mqtt_gateway_password,
            **more,
        )

    async def ready(self) -> None:
        """Until the service says that it takes messages and commands."""
        async with asyncio.timeout(WAIT_S), self.http() as client:
            while (await client.get("/readyz/consume")).status_code != 200:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.2)


@pytest.fixture(scope="session")
async def migrated_service(stack: Stack) -> None:
    """The service's database is migrated, by the command: once, not for each module."""
    await asyncio.to_thread(stack.start_services, NAME)
    await asyncio.to_thread(stack.stop, NAME)


@pytest.fixture(scope="module")
async def gateway(stack: Stack, migrated_service: None) -> AsyncGenerator[Gateway]:
    """Started for the module, stopped after it."""
    await asyncio.to_thread(stack.start, NAME)
    producer = Producer(bootstrap=stack.endpoints.kafka_bootstrap)
    try:
        yield Gateway(stack=stack, producer=producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(stack.stop, NAME)
