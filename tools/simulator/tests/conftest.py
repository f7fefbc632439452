"""A real Mosquitto on a free port, a signer of commands, and a witness of what is published."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiomqtt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWS

from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.mqtt_v1 import CommandClaims


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningBroker:
    """A Mosquitto of our own that can be killed and started again."""

    folder: Path
    port: int
    config: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
        if binary is None:
            pytest.skip("no mosquitto on this machine")
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} 127.0.0.1\n{self.config}")
        self.process = subprocess.Popen(
            [binary, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)
                pytest.fail("mosquitto ended at once")
        pytest.fail("mosquitto does not listen")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def start_broker(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., RunningBroker]]:
    brokers: list[RunningBroker] = []

    def start(config: str = "allow_anonymous true\nmax_queued_messages 0\n") -> RunningBroker:
        broker = RunningBroker(tmp_path_factory.mktemp("mosquitto"), free_port(), config)
        broker.start()
        brokers.append(broker)
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture(scope="session")
def broker(start_broker: Callable[..., RunningBroker]) -> RunningBroker:
    return start_broker()


@dataclass
class Utility:
    """Signs commands as the gateway does."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_keys(self) -> dict[str, str]:
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {"k1": pem.decode()}

    def command(
        self,
        meter_id: str,
        action: RelayAction,
        sequence: int,
        *,
        command_id: UUID | None = None,
        lifetime: timedelta = timedelta(minutes=1),
        signed_by: Ed25519PrivateKey | None = None,
    ) -> tuple[UUID, bytes]:
        now = datetime.now(UTC)
        claims = CommandClaims(
            command_id=command_id or uuid4(),
            meter_id=meter_id,
            action=action,
            sequence=sequence,
            issued_at=now,
            expires_at=now + lifetime,
            not_after=now + lifetime,
        )
        token = PyJWS().encode(
            msgspec.json.encode(claims),
            signed_by or self.key,
            algorithm="EdDSA",
            headers={"kid": "k1"},
        )
        return claims.command_id, token.encode()


@pytest.fixture
def utility() -> Utility:
    return Utility()


@dataclass
class Witness:
    """Sees everything below ``prewatt/v1`` and can publish commands."""

    client: aiomqtt.Client
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def command(self, meter_id: str, token: bytes) -> None:
        await self.client.publish(f"prewatt/v1/{meter_id}/command", token, qos=1)

    def on(self, topic: str) -> list[bytes]:
        return [payload for name, payload in self.seen if name == f"prewatt/v1/{topic}"]

    async def wait(self, topic: str, count: int) -> list[bytes]:
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.on(topic)) >= count)
        return self.on(topic)


@contextlib.asynccontextmanager
async def watching(
    port: int, *, username: str | None = None, password: str | None = None
) -> AsyncIterator[Witness]:
    async with aiomqtt.Client("127.0.0.1", port, username=username, password=password) as client:
        await client.subscribe("prewatt/v1/#", qos=1)
        witness = Witness(client)

        async def watch() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                async with witness.arrived:
                    witness.seen.append((message.topic.value, message.payload))
                    witness.arrived.notify_all()

        task = asyncio.create_task(watch())
        try:
            yield witness
        finally:
            task.cancel()


@pytest.fixture
def watch() -> Callable[..., contextlib.AbstractAsyncContextManager[Witness]]:
    return watching
