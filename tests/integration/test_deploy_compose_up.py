"""The whole system by Docker Compose, with the commands that deploy/README.md prints, as printed.

Runs where an engine and the images are. An image that is absent for a part that only looks on
(Grafana) leaves that part out and a warning behind. Building takes minutes the first time.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = ROOT / "deploy" / "README.md"
SERVICES = {"meter-gateway", "prepay-ledger", "notifier", "billing"}
ONLOOKERS = {"prometheus", "grafana"}
PORTS = ("MQTT", "MQTTS", "PROMETHEUS", "GRAFANA", "GATEWAY", "LEDGER", "NOTIFIER", "BILLING")
BUILD_S, WAIT_S = 1800, 300
METER = "meter-of-a-reader"


def printed(heading: str) -> list[str]:
    """The commands of the README's section, each line of each block, without its comment."""
    section = README.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = section.split("```\n")[1::2]
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


COMMANDS = printed("One machine: Docker Compose")


def command(start: str) -> str:
    """The one printed command that begins so."""
    (found,) = [each for each in COMMANDS if each.startswith(start)]
    return found


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def absent_images() -> set[str]:
    """Services whose public image is not here."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return {
        name
        for name, service in services.items()
        if not service["image"].startswith("prewatt/")
        and docker("image", "inspect", service["image"]).returncode
    }


def anonymous_volumes() -> set[str]:
    names = docker("volume", "ls", "--quiet").stdout.split()
    return {name for name in names if len(name) == 64}


@dataclass(frozen=True)
class Installation:
    """A copy of the repository, brought up under a project name and ports of its own."""

    directory: Path
    project: str
    environment: dict[str, str]

    def run(self, line: str, *, timeout_s: float = WAIT_S) -> str:
        """A printed command, by a shell; its output. Fails as the command does."""
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.directory, env=os.environ | self.environment,
            capture_output=True, text=True, check=False, timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def containers(self, *arguments: str) -> list[dict[str, Any]]:
        ids = docker(
            "ps", "--quiet", f"--filter=label=com.docker.compose.project={self.project}",
            *arguments,
        ).stdout.split()  # fmt: skip
        return json.loads(docker("inspect", *ids).stdout) if ids else []

    def container(self, service: str) -> dict[str, Any]:
        (found,) = [each for each in self.containers("--all") if service_of(each) == service]
        return found

    def healthy(self, service: str) -> bool:
        state = self.container(service)["State"]
        return state["Running"] and state.get("Health", {}).get("Status", "healthy") == "healthy"

    def networks(self) -> list[str]:
        label = f"label=com.docker.compose.project={self.project}"
        return docker("network", "ls", "--quiet", "--filter", label).stdout.split()

    def volumes(self) -> list[str]:
        label = f"label=com.docker.compose.project={self.project}"
        return docker("volume", "ls", "--quiet", "--filter", label).stdout.split()


def service_of(container: dict[str, Any]) -> str:
    return container["Config"]["Labels"]["com.docker.compose.service"]


def wait_until(holds: Callable[[], object], *, within_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Up by the README's commands, with the demo, and open to the network."""
    if shutil.which("docker") is None or docker("info").returncode:
        pytest.skip("no Docker engine answers")
    if docker("compose", "version").returncode:
        pytest.skip("docker compose is not here")
    absent = absent_images()
    if needed := absent - ONLOOKERS:
        pytest.skip(f"images are not here: {', '.join(sorted(needed))}")
    directory = tmp_path_factory.mktemp("checkout")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for file in files:
        if (ROOT / file).is_file():
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, directory / file)
    if absent:
        warnings.warn(f"left out, no image here: {', '.join(sorted(absent))}", stacklevel=1)
        left_out = {"services": {name: {"profiles": ["absent"]} for name in absent}}
        (directory / "docker-compose.override.yml").write_text(yaml.safe_dump(left_out))
    with_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [opened.getsockname()[1] for opened in with_sockets]
    for opened in with_sockets:
        opened.close()
    project = f"prewatt-test-{uuid.uuid4().hex[:8]}"
    environment = {f"PREWATT_{n}_PORT": str(port) for n, port in zip(PORTS, ports, strict=True)}
    environment |= {"COMPOSE_PROJECT_NAME": project, "PREWATT_BIND": "0.0.0.0"}  # noqa: S104
    up = Installation(directory, project, environment)
    try:
        up.run(command("deploy/compose/init.sh"))
        up.run(command("docker compose --profile demo up"), timeout_s=BUILD_S)
        yield up
    finally:
        docker("compose", "--project-name", project, "down", "--volumes", "--timeout", "5")


def test_everything_is_healthy_and_the_command_line_sees_it(installation: Installation) -> None:
    running = [service_of(container) for container in installation.containers()]
    assert set(running) >= SERVICES
    wait_until(lambda: all(map(installation.healthy, running)))
    installation.run(command("docker compose ps"))
    said = installation.run(command("docker compose run --rm prewatt status"), timeout_s=BUILD_S)
    assert said.count("ready") == 4, said


def test_a_top_up_arrives(installation: Installation) -> None:
    said = installation.run(command("docker compose run --rm prewatt topup 000000001"))
    assert "5" in said


def test_nothing_plain_is_open_beyond_this_machine(installation: Installation) -> None:
    bindings = {
        (service_of(container), port, binding["HostIp"])
        for container in installation.containers()
        for port, bound in container["HostConfig"]["PortBindings"].items()
        for binding in bound
    }
    beyond = {each for each in bindings if each[2] != "127.0.0.1"}
    assert beyond == {("mosquitto", "8883/tcp", "0.0.0.0")}  # noqa: S104
    port = int(installation.environment["PREWATT_MQTTS_PORT"])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        with_mqtt = bytes.fromhex("10 0d 00 04") + b"MQTT" + bytes.fromhex("04 02 00 3c 00 01 61")
        try:
            client.sendall(with_mqtt)
            answer = client.recv(4)
        except ConnectionError:
            answer = b""
    assert answer == b"", "it speaks MQTT without TLS"


def publish(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    name = installation.container("mosquitto")["Name"].lstrip("/")
    return docker("exec", name, "mosquitto_pub", "-t", f"prewatt/v1/{METER}/event",
                  "-m", "{}", "-q", "1", *arguments)  # fmt: skip


def test_a_new_meter_is_let_in_and_the_broker_still_restarts(installation: Installation) -> None:
    credentials = ("-u", METER, "-P", "its-password")
    assert publish(installation, *credentials).returncode != 0
    add = command("docker compose exec mosquitto mosquitto_passwd")
    installation.run(add.replace("METER_ID PASSWORD", f"{METER} its-password"))
    installation.run(command("docker compose exec mosquitto sh"))
    wait_until(lambda: publish(installation, *credentials).returncode == 0, within_s=30)
    # It fails: the engine starts it again, as it would not after `docker compose kill`.
    before = installation.container("mosquitto")["RestartCount"]
    installation.run("docker compose exec mosquitto sh -c 'kill 1'")
    wait_until(lambda: installation.container("mosquitto")["RestartCount"] > before)
    wait_until(lambda: installation.healthy("mosquitto"))
    # The demo's meters shared its network, which is a new one now.
    wait_until(lambda: installation.container("demo-meters")["RestartCount"] > 0)
    wait_until(lambda: installation.healthy("demo-meters"))


def test_meters_come_by_tls_with_a_certificate(installation: Installation) -> None:
    certificates = installation.directory / "deploy" / "mosquitto" / "certs"
    ca = "-CA ca.crt -CAkey ca.key"
    for name, subject, rest in (
        ("ca", "test CA", ""),
        ("tls", "localhost", f"{ca} -addext subjectAltName=DNS:localhost"),
        ("meter", METER, ca),
    ):
        installation.run(
            f"cd {certificates} && openssl req -x509 -newkey ec -pkeyopt"
            f" ec_paramgen_curve:prime256v1 -nodes -days 1 -subj '/CN={subject}'"
            f" -keyout {name}.key -out {name}.crt {rest}"
        )
    installation.run(command("cp deploy/mosquitto"))
    installation.run("docker compose up -d")
    installation.run(command("docker compose restart mosquitto"))
    wait_until(lambda: installation.healthy("mosquitto"))
    tls = ("-h", "localhost", "-p", "8883", "--cafile", "/certs/ca.crt",
           "--cert", "/certs/meter.crt", "--key", "/certs/meter.key")  # fmt: skip
    done = docker(
        "run", "--rm", "--network", f"container:{installation.container('mosquitto')['Id']}",
        "--volume", f"{certificates}:/certs:ro", "--user", "root", "--entrypoint",
        "mosquitto_pub", installation.container("mosquitto")["Config"]["Image"],
        *tls, "-t", f"prewatt/v1/{METER}/event", "-m", "{}", "-q", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "service",
    ["kafka", "postgres", "mosquitto", "meter-gateway", "prepay-ledger", "notifier", "billing"],
)
def test_each_part_comes_back_after_a_restart(installation: Installation, service: str) -> None:
    installation.run(f"docker compose restart {service}")
    wait_until(lambda: all(map(installation.healthy, SERVICES | {service})))


def test_down_leaves_data_and_nothing_else(installation: Installation) -> None:
    """Without the profile too: then the meters end by themselves."""
    ours = {v["Name"] for c in installation.containers("--all") for v in c["Mounts"]
            if v["Type"] == "volume"}  # fmt: skip
    assert not ours & anonymous_volumes()
    kept = installation.volumes()
    installation.run("docker compose down")
    assert installation.networks() == []
    wait_until(lambda: not installation.containers(), within_s=90)
    # Again, with what they had.
    installation.run(command("docker compose --profile demo up").replace(" --build", ""))
    assert '"existing":50' in installation.run("docker compose logs demo-accounts")
    assert installation.healthy("demo-meters")
    installation.run("docker compose --profile demo down")
    assert installation.containers("--all") == []
    assert installation.networks() == []
    assert installation.volumes() == kept
    installation.run("docker compose --profile demo down --volumes")
    assert installation.volumes() == []


def test_every_other_command_of_the_page_was_run() -> None:
    """A command that is added to the README joins these tests, or is named here with its reason."""
    starts = ("deploy/compose/init.sh", "docker compose up -d --build", "docker compose ps",
              "docker compose run --rm prewatt status", "docker compose --profile demo up",
              "docker compose run --rm prewatt topup", "docker compose exec mosquitto",
              "cp deploy/mosquitto", "docker compose up -d", "docker compose restart")  # fmt: skip
    assert [each for each in COMMANDS if not each.startswith(starts)] == []
