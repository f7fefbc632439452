"""What is left after kills: of the owner at any moment, and of parts in mid-run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from prewatt_common.contracts.topics import METER_READINGS
from prewatt_devstack.databases import make_databases
from prewatt_devstack.endpoints import load_or_make
from prewatt_devstack.errors import StackError
from prewatt_devstack.native.postgres import Postgres
from prewatt_devstack.paths import KAFKA_JARS
from prewatt_devstack.processes import ProcessTable, Program, wait_until
from prewatt_devstack.provider import choose_provider
from prewatt_devstack.services import SERVICES
from prewatt_devstack.stack import Stack

OWNER = """
import sys, time
from pathlib import Path
from prewatt_devstack.stack import Stack
with Stack(name="owned", state_dir=Path(sys.argv[1]), provider="native"):
    print("up", flush=True)
    time.sleep(120)
"""

needs_native = pytest.mark.skipif(
    not list(KAFKA_JARS.glob("*.jar")), reason="the native stack's programs are not here"
)


def _owner(state_dir: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", OWNER, str(state_dir)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    Stack(state_dir=tmp_path / "state", provider="native").down(remove_data=True)


def test_a_process_whose_owner_died_before_remembering_it_does_nothing(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path\n"
        "from prewatt_devstack.processes import *\n"
        "ProcessTable._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "ProcessTable(folder).start('s', Program(argv=['touch', str(folder / 'ran')]))\n"
    )
    owner = subprocess.run([sys.executable, "-c", code], check=False)
    assert owner.returncode == -signal.SIGKILL
    time.sleep(0.3)
    assert not (tmp_path / "ran").exists()


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is no program no-such-broker"):
        ProcessTable(tmp_path).start("broker", Program(argv=["no-such-broker"]))


def test_nothing_runs_where_nothing_was_brought_up(state_dir: Path) -> None:
    Stack(state_dir=state_dir, provider="native").down()
    assert set(Stack(state_dir=state_dir, provider="native").status().values()) == {False}


def test_the_environment_decides_who_runs_the_parts(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREWATT_PROVIDER", "native")
    assert Stack(state_dir=state_dir).provider == "native"
    monkeypatch.setenv("PREWATT_PROVIDER", "cloud")
    with pytest.raises(StackError, match="PREWATT_PROVIDER is cloud, which is none of auto"):
        choose_provider()


def test_containers_insisted_on_are_not_quietly_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    monkeypatch.setenv("PREWATT_PROVIDER", "")
    assert choose_provider() == "native"
    monkeypatch.setenv("PREWATT_PROVIDER", "containers")
    with pytest.raises(StackError, match="there can be no containers here"):
        choose_provider()


def test_a_stack_stays_with_its_provider(state_dir: Path) -> None:
    state_dir.mkdir()
    (state_dir / "provider").write_text("native")
    with pytest.raises(StackError, match="made with provider native"):
        _ = Stack(state_dir=state_dir, provider="containers").provider
    (state_dir / "provider").unlink()


@pytest.mark.stack
def test_a_cluster_begun_by_a_killed_run_is_not_taken(tmp_path: Path) -> None:
    endpoints = load_or_make(tmp_path, services=SERVICES)
    postgres = Postgres(tmp_path, endpoints)
    data = Path(postgres.program().argv[2])
    try:
        (data.parent / "new-killed").mkdir(parents=True)
        (data.parent / "new-killed" / "PG_VERSION").touch()
        postgres.prepare()
        assert (data / "global" / "pg_control").exists()
    finally:
        postgres.remove()
    assert not data.parent.exists()


@pytest.mark.stack
def test_deleted_state_is_a_new_stack(tmp_path: Path) -> None:
    folders: list[Path] = []
    try:
        for _ in range(2):
            state = tmp_path / "state"
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir()
            endpoints = load_or_make(state, services=SERVICES)
            postgres = Postgres(state, endpoints)
            postgres.prepare()
            program = postgres.program()
            folders.append(Path(program.argv[2]).parent)
            table = ProcessTable(state)
            table.start("postgres", program)
            wait_until(postgres.ready, what="postgres", timeout_s=20, hint="its log")
            make_databases(endpoints)  # logs in with this state's password
            table.stop("postgres", quick=True)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.stack
@needs_native
def test_after_the_owner_is_killed_up_takes_over_and_down_leaves_nothing(state_dir: Path) -> None:
    with _owner(state_dir) as owner:
        # In the middle of its way up: something runs, not everything.
        wait_until(
            lambda: bool(ProcessTable(state_dir).names()), what="a part", timeout_s=30, hint="?"
        )
        owner.send_signal(signal.SIGKILL)
    stack = Stack(state_dir=state_dir, provider="native")
    stack.up()
    assert set(stack.status().values()) == {True}
    pids = [pid for name in stack.status() for pid in stack.pids(name)]
    stack.down(remove_data=True)
    assert all(_ended(pid) for pid in pids)
    assert not state_dir.exists()


@pytest.mark.stack
@needs_native
def test_sigterm_of_the_owner_ends_what_it_started(state_dir: Path) -> None:
    with _owner(state_dir) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"up\n"
        table = ProcessTable(state_dir)
        pids = [table.pid(name) for name in table.names()]
        assert len(pids) == 3
        owner.terminate()
        owner.wait(timeout=30)
    assert all(_ended(pid) for pid in pids)
    assert not state_dir.exists()


@pytest.mark.stack
async def test_kafka_keeps_its_records_through_a_kill(stack: Stack) -> None:
    bootstrap = stack.endpoints.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        kept = await producer.send_and_wait(f"{METER_READINGS.name}.dlq", b"kept", partition=0)
    stack.kill("kafka")
    assert not stack.running("kafka")
    stack.start("kafka")
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partition = kept.topic_partition
        consumer.assign([partition])
        consumer.seek(partition, kept.offset)
        assert (await consumer.getone()).value == b"kept"


@pytest.mark.stack
async def test_a_meter_added_later_logs_in_and_stays_through_a_kill(stack: Stack) -> None:
    async def publish(password: str) -> None:
        where = {"hostname": stack.endpoints.mqtt_host, "port": stack.endpoints.mqtt_port}
        async with aiomqtt.Client(**where, username="meter-7", password=password) as meter:
            await meter.publish("prewatt/v1/meter-7/status", b"offline", qos=1)

    stack.add_mqtt_user("meter-7", "first")
    stack.add_mqtt_user("meter-7", "second")
    stack.kill("mosquitto")
    stack.start("mosquitto")
    await publish("second")
    with pytest.raises(aiomqtt.MqttError):
        await publish("first")


@pytest.mark.stack
def test_another_process_is_owned_like_a_service(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "ready"
    file.touch()
    port = load_or_make(tmp_path / "ports", services=SERVICES).kafka_port
    argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    argv += ["--directory", str(tmp_path)]
    stack.start_service("web", argv, ready_url=f"http://127.0.0.1:{port}/ready")
    first = stack.pids("web")
    stack.kill("web")
    assert stack.status()["web"] is False
    stack.start("web")
    assert stack.pids("web") != first
    assert "GET /ready" in stack.logs("web")
    stack.stop("web")
    assert "web" not in stack.status()


@pytest.mark.stack
async def test_services_of_one_stack_do_not_know_another(stack: Stack) -> None:
    """Databases and keys are the stack's own, and readable by its owner only."""
    url = stack.endpoints.database_url("notifier").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()
    secrets = [path for path in stack.state_dir.iterdir() if path.suffix in (".pem", ".json")]
    secrets = [path for path in secrets if path.name != "processes.json"]
    assert secrets
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)
    assert all(path.stat().st_uid == os.geteuid() for path in secrets)
