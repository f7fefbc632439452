"""The broker's own configuration, on a real Mosquitto: who may say and hear what."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
PASSWORD = "a-password"
METER, OTHER = "M-1", "M-2"

# Debian keeps the broker where only root's PATH looks.
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")

pytestmark = pytest.mark.skipif(
    MOSQUITTO is None or shutil.which("mosquitto_rr") is None,
    reason="needs the packages mosquitto and mosquitto-clients",
)


@dataclass(frozen=True)
class Broker:
    """A running broker and how to speak with it."""

    port: int
    tls_port: int
    certificates: Path

    def client(self, program: str, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        credentials = ("-p", str(self.port), "-u", user, "-P", PASSWORD)
        return run(program, "-h", "127.0.0.1", *credentials, *arguments)

    def tls_client(
        self, program: str, name: str, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        keys = (
            "--cafile",
            f"{self.certificates}/ca.crt",
            "--cert",
            f"{self.certificates}/{name}.crt",
            "--key",
            f"{self.certificates}/{name}.key",
        )
        return run(program, "-h", "localhost", "-p", str(self.tls_port), *keys, *arguments)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def certificates(directory: Path) -> None:
    """A CA, the broker's certificate, and one meter's with its id as common name."""
    directory.mkdir()
    ca = ("-CA", directory / "ca.crt", "-CAkey", directory / "ca.key")
    for name, subject, signed in (
        ("ca", "/CN=test CA", ()),
        ("tls", "/CN=localhost", (*ca, "-addext", "subjectAltName=DNS:localhost")),
        (METER, f"/CN={METER}", ca),
    ):
        done = run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-subj",
            subject,
            "-keyout",
            directory / f"{name}.key",
            "-out",
            directory / f"{name}.crt",
            *signed,
        )
        assert done.returncode == 0, done.stderr
    for file in directory.iterdir():
        file.chmod(0o644)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = tmp_path_factory.mktemp("mosquitto")
    running = Broker(port=free_port(), tls_port=free_port(), certificates=home / "certs")
    certificates(running.certificates)
    (home / "config" / "conf.d").mkdir(parents=True)
    for part in ("data", "passwords"):
        (home / part).mkdir()

    def install(source: str, target: str) -> None:
        text = (DEPLOY / source).read_text()
        for there, here in (
            ("/mosquitto/", f"{home}/"),
            ("listener 1883", f"user root\nlistener {running.port} 127.0.0.1"),
            ("listener 8883", f"listener {running.tls_port} 127.0.0.1"),
        ):
            text = text.replace(there, here)
        (home / "config" / target).write_text(text)

    install("mosquitto.conf", "mosquitto.conf")
    install("acl", "acl")
    install("conf.d/tls.conf.example", "conf.d/tls.conf")
    passwords = home / "passwords" / "passwords"
    passwords.touch(mode=0o600)
    for user in ("gateway", "fleet", METER, OTHER):
        assert run("mosquitto_passwd", "-b", passwords, user, PASSWORD).returncode == 0
    assert MOSQUITTO is not None
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [MOSQUITTO, "-c", home / "config" / "mosquitto.conf"], stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 10
        while running.client("mosquitto_pub", "gateway", "-t", "prewatt/v1/x", "-n").returncode:
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def heard(broker: Broker, user: str, topic: str, *, sender: str, said: str) -> bool:
    """Whether ``user`` hears on ``topic`` what ``sender`` says there. Retained, so no race."""
    broker.client("mosquitto_pub", sender, "-t", topic, "-m", said, "-r", "-q", "1")
    got = broker.client("mosquitto_sub", user, "-t", topic, "-C", "1", "-W", "1", "-q", "1")
    return got.stdout.strip() == said


@pytest.mark.parametrize("leaf", ["reading", "profile", "event", "status", "response"])
def test_a_meter_speaks_under_its_own_id_only(broker: Broker, leaf: str) -> None:
    assert heard(broker, "gateway", f"prewatt/v1/{METER}/{leaf}", sender=METER, said="mine")
    assert not heard(broker, "gateway", f"prewatt/v1/{OTHER}/{leaf}", sender=METER, said="forged")


def test_a_meter_hears_its_own_commands_only(broker: Broker) -> None:
    assert heard(broker, METER, f"prewatt/v1/{METER}/command", sender="gateway", said="open")
    assert not heard(broker, OTHER, f"prewatt/v1/{METER}/command", sender="gateway", said="close")
    assert not heard(broker, METER, f"prewatt/v1/{OTHER}/command", sender=METER, said="forged")


def test_a_wrong_password_and_a_missing_name_are_refused(broker: Broker) -> None:
    wrong = run("mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-u", METER,
                "-P", "wrong", "-t", f"prewatt/v1/{METER}/reading", "-m", "x")  # fmt: skip
    nameless = run("mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port),
                   "-t", f"prewatt/v1/{METER}/reading", "-m", "x")  # fmt: skip
    assert "not authorised" in wrong.stderr
    assert "not authorised" in nameless.stderr


def test_a_certificate_names_the_meter(broker: Broker) -> None:
    topic = f"prewatt/v1/{METER}/event"
    sent = broker.tls_client("mosquitto_pub", METER, "-t", topic, "-m", "by TLS", "-r", "-q", "1")
    assert sent.returncode == 0, sent.stderr
    assert heard(broker, "gateway", topic, sender=OTHER, said="forged") is False
    got = broker.client("mosquitto_sub", "gateway", "-t", topic, "-C", "1", "-W", "1")
    assert got.stdout.strip() == "by TLS"


def test_without_a_certificate_tls_is_refused(broker: Broker) -> None:
    done = run("mosquitto_pub", "-h", "localhost", "-p", str(broker.tls_port), "--cafile",
               f"{broker.certificates}/ca.crt", "-u", METER, "-P", PASSWORD,
               "-t", f"prewatt/v1/{METER}/reading", "-m", "x")  # fmt: skip
    assert done.returncode != 0
