"""One connection against a Mosquitto of its own: TLS, PUBACKs on the wire, back-pressure."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from meter_gateway.mqtt.broker import Broker
from meter_gateway.mqtt.connection import Connection
from meter_gateway.mqtt.in_flight import Inbound
from prewatt_common.clock import utc_now
from prewatt_common.workers import NotRunning
from prewatt_devstack.ports import HOST, free_ports, listens

pytestmark = pytest.mark.stack

MAX_IN_FLIGHT = 500


def _write_certificate(folder: Path) -> None:
    """A certificate for this host that is its own authority."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, None)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


@dataclass
class Mosquitto:
    """A broker for one test module: anyone may do anything."""

    folder: Path
    plain: int
    tls: int

    def broker(self, *, tls: bool) -> Broker:
        return Broker(
            host=HOST,
            port=self.tls if tls else self.plain,
            username=None,
            password=None,
            ca_file=str(self.folder / "ca.pem") if tls else None,
        )


@pytest.fixture(scope="module")
def broker(tmp_path_factory) -> Generator[Mosquitto]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no mosquitto on this machine: the stack's is in a container")
    folder = tmp_path_factory.mktemp("mosquitto")
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    _write_certificate(folder)
    plain, tls = free_ports(2)
    (folder / "mosquitto.conf").write_text(
        f"""
listener {plain} {HOST}
listener {tls} {HOST}
cafile {folder}/ca.pem
certfile {folder}/ca.pem
keyfile {folder}/key.pem
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
user root
""",
        encoding="ascii",
    )
    process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")])
    try:
        for _ in range(100):
            if listens(plain) and listens(tls):
                break
            asyncio.run(asyncio.sleep(0.1))
        yield Mosquitto(folder, plain, tls)
    finally:
        process.terminate()
        process.wait()


class Taking:
    """What came over a connection, acknowledged when told to."""

    def __init__(self) -> None:
        self.messages: list[Inbound] = []
        self._came = asyncio.Event()

    def take(self, messages: Sequence[Inbound]) -> None:
        self.messages += messages
        self._came.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.messages) < count:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def _connected(broker: Broker, client_id: str, taking: Taking) -> AsyncGenerator[Connection]:
    connection = Connection(
        client_id=client_id,
        broker=broker,
        subscriptions=[f"t/{client_id}/#"],
        in_flight_max=MAX_IN_FLIGHT,
        on_messages=taking.take,
        on_reconnect=lambda: None,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(connection.run(stop))
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    await connection.check()
                    break
                except NotRunning:
                    await asyncio.sleep(0.02)
        yield connection
    finally:
        stop.set()
        connection.close()
        await running


async def _publish(broker: Mosquitto, topic: str, payloads: Sequence[bytes]) -> None:
    async with aiomqtt.Client(HOST, broker.plain) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=1)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_all_comes_in_order_and_is_acknowledged(broker: Mosquitto, tls: bool) -> None:
    client_id = f"order-{tls}"
    # Sizes around those of a read, of a TLS record and of a length byte.
    sizes = [0, 1, 125, 126, 127, 128, 16_380, 16_384, 65_530, 65_536, 200_000]
    payloads = [f"{number:06d}".encode() + bytes(sizes[number % 11]) for number in range(1_500)]
    taking = Taking()
    async with _connected(broker.broker(tls=tls), client_id, taking) as connection:
        publishing = asyncio.create_task(_publish(broker, f"t/{client_id}/x", payloads))
        done = 0
        while done < len(payloads):
            await taking.until(done + 1)
            # In halves and the later one first: what is acknowledged is the prefix all the same.
            fresh = taking.messages[done:]
            connection.acknowledge(fresh[len(fresh) // 2 :])
            connection.acknowledge(fresh[: len(fresh) // 2])
            done += len(fresh)
        await publishing
    assert [message.payload for message in taking.messages] == payloads
    # All were acknowledged: the session has nothing left for whoever comes back.
    again = Taking()
    async with _connected(broker.broker(tls=tls), client_id, again):
        await asyncio.sleep(0.5)
    assert again.messages == []


async def test_reading_stops_at_the_limit_and_goes_on(broker: Mosquitto) -> None:
    taking = Taking()
    async with _connected(broker.broker(tls=False), "limit", taking) as connection:
        await _publish(broker, "t/limit/x", [str(n).encode() for n in range(20_000)])
        await asyncio.sleep(1)
        held = len(taking.messages)
        # The limit is looked at once a read, and a read is 64 KB of such small packets.
        assert MAX_IN_FLIGHT <= held < 20_000
        done = 0
        while done < 20_000:
            await taking.until(done + 1)
            fresh = taking.messages[done:]
            connection.acknowledge(fresh)
            done += len(fresh)
    assert [int(message.payload) for message in taking.messages] == list(range(20_000))


async def test_only_the_finished_prefix_is_not_sent_again(broker: Mosquitto) -> None:
    payloads = [str(n).encode() for n in range(10)]
    taking = Taking()
    async with _connected(broker.broker(tls=False), "prefix", taking) as connection:
        await _publish(broker, "t/prefix/x", payloads)
        await taking.until(10)
        connection.acknowledge(taking.messages[5:])
        connection.acknowledge(taking.messages[:3])
        await asyncio.sleep(0.2)
        # Another client of our name: the broker cuts us off, and we come back.
        with socket.create_connection((HOST, broker.plain)) as other:
            other.sendall(b"\x10\x12\x00\x04MQTT\x04\x00\x00\x3c\x00\x06prefix")
            other.recv(4)
        await taking.until(17)
        first, again = taking.messages[:10], taking.messages[10:]
        # Must not acknowledge this connection's messages, whose ids may be the same.
        connection.acknowledge(first)
    third = Taking()
    async with _connected(broker.broker(tls=False), "prefix", third):
        await third.until(7)
    assert [message.payload for message in again] == payloads[3:]
    assert [message.payload for message in third.messages] == payloads[3:]


async def test_a_broker_that_cannot_be_trusted_is_refused(broker: Mosquitto, tmp_path) -> None:
    _write_certificate(tmp_path)
    stranger = Broker(
        host=HOST,
        port=broker.tls,
        username=None,
        password=None,
        ca_file=str(tmp_path / "ca.pem"),
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2), _connected(stranger, "stranger", Taking()):
            pass
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.pem"))
    with socket.create_connection((HOST, broker.tls)) as raw:
        context.wrap_socket(raw, server_hostname=HOST).close()
