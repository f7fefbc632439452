"""The fleet under the access rules that the broker is deployed with."""

import getpass
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_simulator import ConnectionRefused, Fleet, FleetSettings

START = datetime(2026, 3, 2, tzinfo=UTC)
ACL = Path(__file__).parents[3] / "deploy" / "mosquitto" / "acl"
PASSWORDS = {"fleet": "fleet-pw", "gateway": "gateway-pw", "own-1": "one", "own-2": "two"}


@pytest.fixture(scope="module")
def guarded(start_broker: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd on this machine")
    file = tmp_path_factory.mktemp("passwords") / "passwords"
    file.touch(mode=0o600)
    for name, password in PASSWORDS.items():
        subprocess.run([tool, "-b", str(file), name, password], check=True)
    return start_broker(
        f"user {getpass.getuser()}\nallow_anonymous false\nmessage_size_limit 524288\n"
        f"password_file {file}\nacl_file {ACL}\n"
    )


@pytest.mark.parametrize("one_each", [False, True])
async def test_readings_and_commands_pass_the_access_rules(
    guarded: Any,
    watch: Callable[..., AbstractAsyncContextManager[Any]],
    utility: Any,
    one_each: bool,
) -> None:
    settings = FleetSettings(
        mqtt_port=guarded.port,
        username="fleet",
        password="fleet-pw",
        meter_ids=["own-1", "own-2"],
        one_connection_each=one_each,
        meter_passwords={"own-1": "one", "own-2": "two"},
        command_public_keys=utility.public_keys,
    )
    async with (
        watch(guarded.port, username="gateway", password="gateway-pw") as gateway,
        Fleet(settings) as fleet,
    ):
        await fleet.publish_step(at=START)
        await gateway.wait("own-1/reading", 1)
        await gateway.wait("own-2/reading", 1)
        await gateway.command("own-2", utility.command("own-2", RelayAction.DISCONNECT, 1)[1])
        await fleet.wait_relay("own-2", RelayState.OPEN, timeout=5)
        await gateway.wait("own-2/response", 1)
        await gateway.wait("own-2/event", 1)


async def test_wrong_meter_password_is_told(guarded: Any) -> None:
    settings = FleetSettings(
        mqtt_port=guarded.port, meter_ids=["own-1"], one_connection_each=True, password="wrong"
    )
    with pytest.raises(ConnectionRefused, match="refused own-1"):
        async with Fleet(settings):
            pass


@pytest.mark.parametrize("one_each", [False, True])
async def test_message_above_the_brokers_limit_does_not_stop_the_readings(
    guarded: Any, watch: Callable[..., AbstractAsyncContextManager[Any]], one_each: bool
) -> None:
    settings = FleetSettings(
        mqtt_port=guarded.port,
        username="fleet",
        password="fleet-pw",
        meter_ids=["own-1"],
        one_connection_each=one_each,
        meter_passwords={"own-1": "one"},
        connections=1,
    )
    async with (
        watch(guarded.port, username="gateway", password="gateway-pw") as gateway,
        Fleet(settings) as fleet,
    ):
        await fleet.publish_bytes(meter_id="own-1", topic="reading", payload=b" " * 300_000)
        await fleet.publish_bytes(meter_id="own-1", topic="reading", payload=b" " * 600_000)
        await fleet.publish_step(at=START)
        await fleet.drain(timeout=5)
        sizes = [len(payload) for payload in await gateway.wait("own-1/reading", 2)]
        assert sizes[0] == 300_000
        assert sizes[1] < 100


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "broker.crt", folder / "broker.key"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file


@pytest.mark.parametrize("one_each", [False, True])
async def test_connections_are_tls_when_a_ca_is_given(
    start_broker: Callable[..., Any], tmp_path: Path, one_each: bool
) -> None:
    certificate, key = self_signed(tmp_path)
    secure = start_broker(
        f"certfile {certificate}\nkeyfile {key}\nallow_anonymous true\nuser {getpass.getuser()}\n"
    )
    settings = FleetSettings(
        mqtt_port=secure.port,
        mqtt_ca_file=certificate,
        meter_ids=["tls-1", "tls-2"],
        one_connection_each=one_each,
    )
    async with Fleet(settings) as fleet:
        await fleet.publish_step(at=START)
        await fleet.drain()
        assert fleet.summary().acked == 2
    other, _ = self_signed(tmp_path)
    stranger = FleetSettings(mqtt_port=secure.port, mqtt_ca_file=other, meter_ids=["tls-1"])
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        async with Fleet(stranger):
            pass
