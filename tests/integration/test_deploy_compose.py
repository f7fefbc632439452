"""docker-compose.yml: complete by its own set-up script, closed, and without a secret in it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = {"meter-gateway", "prepay-ledger", "notifier", "billing"}


# What the public images declare; one that is here is asked itself, too.
DECLARED_VOLUMES = {
    "kafka": {"/etc/kafka/secrets", "/mnt/shared/config", "/var/lib/kafka/data"},
    "postgres": {"/var/lib/postgresql/data"},
    "mosquitto-setup": {"/mosquitto/data", "/mosquitto/log"},
    "mosquitto": {"/mosquitto/data", "/mosquitto/log"},
    "prometheus": {"/prometheus"},
    "grafana": set[str](),
}


def compose(
    directory: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", "--project-directory", directory,
         "--file", directory / "docker-compose.yml", *arguments],
        capture_output=True, text=True, check=False, timeout=60, env=environment,
    )  # fmt: skip


def has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return version.returncode == 0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what compose reads, so that the test's .env is not the user's."""
    directory = tmp_path_factory.mktemp("compose")
    shutil.copy(ROOT / "docker-compose.yml", directory)
    shutil.copytree(ROOT / "deploy", directory / "deploy")
    return directory


@pytest.fixture(scope="module")
def config(checkout: Path) -> dict[str, Any]:
    """The file as compose understands it, after ``init.sh``."""
    if not has_compose():
        pytest.skip("docker compose is not here")
    before = compose(checkout, "config", "--quiet")
    assert before.returncode != 0
    assert "run deploy/compose/init.sh first" in before.stderr
    subprocess.run([checkout / "deploy" / "compose" / "init.sh"], check=True, timeout=60)
    after = compose(checkout, "--profile", "*", "config")
    assert after.returncode == 0, after.stderr
    return yaml.safe_load(after.stdout)


def test_init_keeps_an_existing_environment(checkout: Path, config: dict[str, Any]) -> None:
    env = checkout / ".env"
    before = env.read_text()
    assert env.stat().st_mode & 0o077 == 0, "others could read the secrets"
    subprocess.run([checkout / "deploy" / "compose" / "init.sh"], check=True, timeout=60)
    assert env.read_text() == before


def test_keys_arrive_whole(config: dict[str, Any]) -> None:
    environment = config["services"]["prepay-ledger"]["environment"]
    assert environment["PREWATT_COMMAND_SIGNING_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert environment["PREWATT_AUTH_PUBLIC_KEY"].endswith("-----END PUBLIC KEY-----\n")


def test_images_are_pinned_and_long_running_parts_watched(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        image = service["image"]
        assert image.startswith("prewatt/") or ":" in image, f"{name}: {image} has no tag"
        if service.get("restart") == "unless-stopped":
            assert "healthcheck" in service, f"{name} has no health check"


def test_each_service_waits_for_its_migration_and_the_topics(config: dict[str, Any]) -> None:
    for name in SERVICES:
        waits = config["services"][name]["depends_on"]
        for job in (f"{name}-migration", "topics"):
            assert waits[job]["condition"] == "service_completed_successfully"


def published(config: dict[str, Any]) -> set[tuple[str, str, int]]:
    """Service, address and the container's port of all that is published."""
    return {
        (name, port["host_ip"], port["target"])
        for name, service in config["services"].items()
        for port in service.get("ports", [])
    }


def test_nothing_is_published_beyond_this_machine(config: dict[str, Any]) -> None:
    assert {address for _, address, _ in published(config)} == {"127.0.0.1"}
    assert not {name for name, _, _ in published(config)} & {"kafka", "postgres"}


def test_prewatt_bind_opens_mqtt_over_tls_and_nothing_else(
    checkout: Path, config: dict[str, Any]
) -> None:
    environment = os.environ | {"PREWATT_BIND": "0.0.0.0"}  # noqa: S104 - what is tested
    done = compose(checkout, "--profile", "*", "config", environment=environment)
    open_to_all = yaml.safe_load(done.stdout)
    beyond = {entry for entry in published(open_to_all) if entry[1] != "127.0.0.1"}
    assert beyond == {("mosquitto", "0.0.0.0", 8883)}  # noqa: S104


@pytest.mark.parametrize(("service", "directories"), DECLARED_VOLUMES.items())
def test_every_volume_of_an_image_has_a_name(
    config: dict[str, Any], service: str, directories: set[str]
) -> None:
    """Docker makes a nameless one of each that has none, and `down` leaves it behind."""
    image = config["services"][service]["image"]
    mounted = {volume["target"] for volume in config["services"][service]["volumes"]}
    assert directories <= mounted
    inspected = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{json .Config.Volumes}}", image],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if inspected.returncode == 0:  # it is here
        assert set(json.loads(inspected.stdout) or ()) <= mounted


def test_the_demo_does_not_hold_the_network(config: dict[str, Any]) -> None:
    """`down` without the profile does not see it, and takes the network away."""
    for name, service in config["services"].items():
        if "demo" in service.get("profiles", ()):
            assert service["network_mode"].startswith("service:"), name
            assert not [v for v in service.get("volumes", ()) if v["type"] == "volume"], name


def test_every_service_has_its_own_database_role(config: dict[str, Any]) -> None:
    urls = {config["services"][n]["environment"]["PREWATT_DATABASE_URL"] for n in SERVICES}
    assert len({url.split("://")[1].split("@")[0] for url in urls}) == len(SERVICES)
    for name in SERVICES:
        assert "PREWATT_MIGRATION_DATABASE_URL" not in config["services"][name]["environment"]
        migration = dict(config["services"][f"{name}-migration"]["environment"])
        owner = migration.pop("PREWATT_MIGRATION_DATABASE_URL")
        assert f"://{name.replace('-', '_')}_owner:" in owner
        assert migration == config["services"][name]["environment"]
