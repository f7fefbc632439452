"""A disk of PostgreSQL's that is full: a small file system that the ledger's database lies on."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from prewatt_devstack import Stack

_ROOM = "4g"
"""More than any test writes; a tmpfs takes memory for what is in it only."""


class SmallDisk:
    """A tmpfs, as large as what is in it or with room again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Not a block is left."""
        now = os.statvfs(self.folder)
        self._resize(str((now.f_blocks - now.f_bfree) * now.f_frsize))

    def make_room(self) -> None:
        """Somebody gave it more."""
        self._resize(_ROOM)

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.folder))


@contextmanager
def small_disk(stack: Stack) -> Generator[SmallDisk]:
    """A disk that PostgreSQL may write to. Skips where nobody can mount one for it."""
    if stack.provider != "native":
        pytest.skip("a container's PostgreSQL does not see a disk of this machine's")
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = Path(tempfile.mkdtemp(prefix="prewatt-small-", dir="/var/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_ROOM},mode=0711", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    folder.chmod(0o711)
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))
        folder.rmdir()


@asynccontextmanager
async def database_on(disk: SmallDisk, stack: Stack, database: str) -> AsyncGenerator[None]:
    """The whole database lies on ``disk``. Nobody may be connected to it at either end."""
    place = disk.folder / "tablespace"
    place.mkdir(mode=0o700)
    shutil.chown(place, "postgres", "postgres")
    await _admin(stack, f"CREATE TABLESPACE small LOCATION '{place}'")
    await _admin(stack, f"ALTER DATABASE {database} SET TABLESPACE small")
    try:
        yield
    finally:
        disk.make_room()
        await _admin(stack, f"ALTER DATABASE {database} SET TABLESPACE pg_default")
        await _admin(stack, "DROP TABLESPACE small")


async def _admin(stack: Stack, statement: str) -> None:
    url = stack.endpoints.database_url("postgres").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


@asynccontextmanager
async def wal_on(disk: SmallDisk, stack: Stack) -> AsyncGenerator[None]:
    """PostgreSQL's write-ahead log lies on ``disk``; it is restarted at either end."""
    data = Path((stack.state_dir / "postgres_folder").read_text(encoding="utf-8")) / "data"
    beside = disk.folder / "pg_wal"
    await asyncio.to_thread(stack.stop, "postgres")
    shutil.move(data / "pg_wal", beside)
    _run("chown", "--recursive", "postgres:postgres", str(beside))
    (data / "pg_wal").symlink_to(beside)
    await asyncio.to_thread(stack.start, "postgres")
    try:
        yield
    finally:
        disk.make_room()
        if stack.running("postgres"):
            await asyncio.to_thread(stack.stop, "postgres")
        (data / "pg_wal").unlink()
        shutil.move(beside, data / "pg_wal")
        _run("chown", "--recursive", "postgres:postgres", str(data / "pg_wal"))
        await asyncio.to_thread(stack.start, "postgres")
