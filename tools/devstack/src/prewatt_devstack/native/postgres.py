"""PostgreSQL, a cluster of its own with a database for each service."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.processes import Program

_VERSION_MIN = 15
_ROOTS_DATA = "/var/tmp"  # noqa: S108 - in a folder with a random name
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",  # a socket's path may be 107 bytes long, a state folder's longer
    "max_connections=100",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
    # After a kill each file is synced before anything else; of hundreds of databases that takes a
    # minute, unless the file system is asked once. Other systems than Linux cannot be.
    *(["recovery_init_sync_method=syncfs"] if sys.platform == "linux" else []),
)


class Postgres:
    """A part of the native stack. fsync stays on: what is measured is what is safe."""

    name = "postgres"
    ready_timeout_s = 60.0

    def __init__(self, state_dir: Path, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._user = "postgres" if os.geteuid() == 0 else None
        self._state_dir = state_dir

    def prepare(self) -> None:
        """Make the cluster, once. One that was begun by a run that was killed is not taken."""
        folder = self._folder()
        data = folder / "data"
        if data.exists():
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        begun = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
        password_file = folder / "password"
        write_private(password_file, self._endpoints.postgres_password)
        if self._user:
            for path in (folder, begun, password_file):
                shutil.chown(path, self._user, self._user)
        self._run(
            "initdb", f"--pgdata={begun}", f"--username={self._endpoints.postgres_user}",
            f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale",
        )  # fmt: skip
        password_file.unlink()
        begun.rename(data)

    def program(self) -> Program:
        """The server. SIGINT is its fast shutdown, SIGQUIT its immediate one."""
        settings = [option for setting in _SETTINGS for option in ("-c", setting)]
        return Program(
            argv=[
                _binary("postgres"), "-D", str(self._folder() / "data"), "-p",
                str(self._endpoints.postgres_port), *settings,
            ],
            user=self._user,
            stop_signal=signal.SIGINT,
            quick_signal=signal.SIGQUIT,  # unlike SIGKILL it leaves no shared memory behind
        )  # fmt: skip

    def ready(self) -> bool:
        """Whether it takes queries."""
        command = [_binary("pg_isready"), "-q", "-h", self._endpoints.postgres_host]
        port = str(self._endpoints.postgres_port)
        return subprocess.run([*command, "-p", port], check=False).returncode == 0

    def remove(self) -> None:
        """Delete the data."""
        if self._note.exists() or not self._user:
            shutil.rmtree(self._folder(), ignore_errors=True)

    @property
    def _note(self) -> Path:
        return self._state_dir / "postgres_folder"

    def _folder(self) -> Path:
        """Where the cluster lies.

        The server refuses to run as root, and its own user may not be able to reach a state folder
        below a home. So as root it is a folder of its own under a name that nobody can guess,
        noted in the state: where the state was deleted, old data are not met under new passwords.
        """
        if not self._user:
            return self._state_dir / "postgres"
        if not self._note.exists():
            write_private(self._note, f"{_ROOTS_DATA}/prewatt-{secrets.token_hex(8)}")
        return Path(self._note.read_text(encoding="utf-8"))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_binary(program), *arguments],
            capture_output=True, text=True, check=False, cwd=self._folder(),
            user=self._user, group=self._user, extra_groups=[] if self._user else None,
        )  # fmt: skip
        if done.returncode:
            message = f"{program} failed: {done.stderr.strip().splitlines()[-1:]}"
            raise StackError(message)


def _binary(name: str) -> str:
    """Debian keeps the server's programs outside the path, one folder a version."""
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / name).exists()]
    versions = sorted(folders, key=lambda path: int(path.parent.name), reverse=True)
    if versions and int(versions[0].parent.name) >= _VERSION_MIN:
        return str(versions[0] / name)
    found = shutil.which(name)
    if found is None:
        message = f"PostgreSQL {_VERSION_MIN} or later is missing; run tools/setup.sh stack"
        raise StackError(message)
    return found
