"""docker-compose.yml: complete by its own set-up script, closed, and without a secret in it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = {"meter-gateway", "prepay-ledger", "notifier", "billing"}


def compose(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", "--project-directory", directory,
         "--file", directory / "docker-compose.yml", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
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
    environment = config["services"]["meter-gateway"]["environment"]
    assert environment["PREWATT_COMMAND_SIGNING_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert environment["PREWATT_AUTH_PUBLIC_KEY"].endswith("-----END PUBLIC KEY-----\n")


def test_images_are_pinned_and_long_running_parts_watched(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        image = service["image"]
        assert image.startswith("prewatt/") or ":" in image, f"{name}: {image} has no tag"
        if service.get("restart") != "no":
            assert "healthcheck" in service, f"{name} has no health check"


def test_each_service_waits_for_its_migration_and_the_topics(config: dict[str, Any]) -> None:
    for name in SERVICES:
        waits = config["services"][name]["depends_on"]
        for job in (f"{name}-migration", "topics"):
            assert waits[job]["condition"] == "service_completed_successfully"


def test_nothing_is_published_beyond_this_machine(config: dict[str, Any]) -> None:
    published = {
        name: [port["host_ip"] for port in service.get("ports", [])]
        for name, service in config["services"].items()
    }
    assert {address for addresses in published.values() for address in addresses} == {"127.0.0.1"}
    assert not published["kafka"]
    assert not published["postgres"]


def test_every_service_has_its_own_database_role(config: dict[str, Any]) -> None:
    urls = {config["services"][n]["environment"]["PREWATT_DATABASE_URL"] for n in SERVICES}
    assert len({url.split("://")[1].split("@")[0] for url in urls}) == len(SERVICES)
