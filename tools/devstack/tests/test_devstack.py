"""The stack's promises: it comes up, survives kills, and leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest

from prewatt_devstack.processes import Owned, ProcessTable, Program
from prewatt_devstack.stack import Stack


def test_a_pid_that_was_used_again_is_not_ours(tmp_path: Path) -> None:
    process = psutil.Process()
    assert Owned(process.pid, process.create_time()).alive() is not None
    assert Owned(process.pid, process.create_time() - 60).alive() is None
    assert Owned(2**22 - 1, 0.0).alive() is None


def test_a_process_is_stopped_with_its_children(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    table.start("shell", Program(argv=["sh", "-c", "sleep 60 & sleep 60"]))
    parent = psutil.Process(table.pid("shell"))
    deadline = time.monotonic() + 5
    while not (family := parent.children(recursive=True)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert family
    table.stop("shell")
    assert not any(_runs(member) for member in family)
    assert table.names() == []


def _runs(process: psutil.Process) -> bool:
    """A zombie that its new parent has not waited for yet has ended all the same."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_another_table_finds_what_a_killed_owner_left(tmp_path: Path) -> None:
    code = (
        "from prewatt_devstack.processes import *; from pathlib import Path; import time\n"
        f"ProcessTable(Path({str(tmp_path)!r})).start('s', Program(argv=['sleep', '60']))\n"
        "print('started', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"started\n"
        os.kill(owner.pid, signal.SIGKILL)
    table = ProcessTable(tmp_path)
    assert table.alive("s")
    pid = table.pid("s")
    table.stop("s")
    assert not psutil.pid_exists(pid)


@pytest.mark.stack
async def test_postgres_keeps_its_rows_through_a_kill(stack: Stack) -> None:
    async def connect() -> asyncpg.Connection:
        url = stack.endpoints.database_url("billing").replace("+asyncpg", "")
        return await asyncpg.connect(url)

    connection = await connect()
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    await connection.execute("INSERT INTO kept VALUES (7)")
    await connection.close()
    stack.kill("postgres")
    assert not stack.running("postgres")
    stack.start("postgres")
    connection = await connect()
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.execute("DROP TABLE kept")
    await connection.close()


@pytest.mark.stack
def test_a_second_stack_does_not_touch_the_first(stack: Stack, tmp_path: Path) -> None:
    with Stack(name="second", state_dir=tmp_path, provider=stack.provider) as second:
        assert set(second.status().values()) == {True}
        ours, theirs = stack.endpoints, second.endpoints
        assert ours.kafka_port != theirs.kafka_port
        pids = [pid for name in second.status() for pid in second.pids(name)]
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert set(stack.status().values()) == {True}
