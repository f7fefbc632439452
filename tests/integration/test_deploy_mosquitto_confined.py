"""Kubernetes' broker pod, run by Docker: its own user, a read-only root, no capability."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWORD = "a-password"


def docker(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def pod() -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "k8s" / "base" / "mosquitto.yaml").read_text())
    (found,) = [document for document in documents if document["kind"] == "StatefulSet"]
    return found["spec"]["template"]["spec"]


def absent() -> str | None:
    if shutil.which("docker") is None or docker("info").returncode:
        return "no Docker engine answers"
    image = pod()["containers"][0]["image"]
    return f"{image} is not here" if docker("image", "inspect", image).returncode else None


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[dict[tuple[str, str], Path]]:
    """What the pod's volumes hold, by volume and sub-path; the claim's belongs to its group."""
    if reason := absent():
        pytest.skip(reason)
    config = tmp_path / "config"
    config.mkdir()
    for file in ("mosquitto.conf", "acl", "passwords.sh"):
        shutil.copy(DEPLOY / "mosquitto" / file, config)
    # Without certificates: what TLS needs is another test's.
    (config / "tls.conf").touch()
    held = {("config", ""): config, ("certificates", ""): tmp_path / "certs"}
    held |= {("config", file.name): file for file in config.iterdir()}
    held |= {("data", part): tmp_path / part for part in ("passwords", "data")}
    for (volume, _), path in held.items():
        path.mkdir(exist_ok=True) if volume != "config" else None
        path.chmod(0o777 if path.is_dir() else 0o644)
    yield held
    # The container's user made files here that only it and root may remove.
    docker("run", "--rm", "--user", "root", "--volume", f"{tmp_path}:/all",
           "--entrypoint", "sh", pod()["containers"][0]["image"],
           "-c", "rm -rf /all/passwords /all/data")  # fmt: skip


def confined(container: dict[str, Any], volumes: dict[tuple[str, str], Path]) -> list[str | Path]:
    """A container of the pod as arguments of ``docker run``."""
    identity, confinement = pod()["securityContext"], container["securityContext"]
    assert confinement["readOnlyRootFilesystem"] is True
    assert confinement["allowPrivilegeEscalation"] is False
    arguments: list[str | Path] = [
        "--read-only", "--security-opt", "no-new-privileges",
        "--user", f"{identity['runAsUser']}:{identity['runAsGroup']}",
        *(f"--cap-drop={name}" for name in confinement["capabilities"]["drop"]),
        "--env", f"GATEWAY_MQTT_PASSWORD={PASSWORD}",
    ]  # fmt: skip
    empty = {volume["name"] for volume in pod()["volumes"] if "emptyDir" in volume}
    for mount in container["volumeMounts"]:
        if mount["name"] in empty:
            arguments += ["--tmpfs", mount["mountPath"]]
        else:
            source = volumes[mount["name"], mount.get("subPath", "")]
            ending = "" if mount["name"] == "data" else ":ro"
            arguments += ["--volume", f"{source}:{mount['mountPath']}{ending}"]
    program, *rest = container["command"]
    return [*arguments, "--entrypoint", program, container["image"], *rest]


def test_the_broker_starts_and_answers(volumes: dict[tuple[str, str], Path]) -> None:
    (setup,), (broker,) = pod()["initContainers"], pod()["containers"]
    done = docker("run", "--rm", *confined(setup, volumes))
    assert done.returncode == 0, done.stderr
    name = f"prewatt-confined-{uuid.uuid4().hex[:8]}"
    started = docker("run", "--detach", "--name", name, *confined(broker, volumes))
    assert started.returncode == 0, started.stderr
    try:
        deadline = time.monotonic() + 30
        while docker("exec", name, "mosquitto_sub", "-u", "gateway", "-P", PASSWORD,
                     "-t", "$SYS/broker/uptime", "-C", "1", "-W", "3").returncode:  # fmt: skip
            logs = docker("logs", name)
            assert time.monotonic() < deadline, logs.stdout + logs.stderr
            time.sleep(0.5)
        docker("stop", name)
        logs = docker("logs", name)
        assert "Error" not in logs.stdout + logs.stderr
    finally:
        docker("rm", "--force", "--volumes", name)
    assert list(volumes["data", "data"].iterdir()), "nothing was kept"
