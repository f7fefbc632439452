"""PostgreSQL, a cluster of its own with a database for each service."""

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from prewatt_devstack.endpoints import DATABASES, Endpoints, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.processes import Program

_VERSION_MIN = 15
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=100",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
    "wal_compression=on",
)


class Postgres:
    """A part of the native stack. fsync stays on: what is measured is what is safe."""

    name = "postgres"
    ready_timeout_s = 60.0

    def __init__(self, state_dir: Path, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._user = "postgres" if os.geteuid() == 0 else None
        # The server refuses to run as root, and its own user may not be able to reach a state
        # folder below a home: as root the data lie beside, under a name made from that folder.
        digest = hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]
        root = os.geteuid() == 0
        self._dir = Path(f"/var/tmp/prewatt-{digest}") if root else state_dir / "postgres"  # noqa: S108

    def prepare(self) -> None:
        """Make the cluster, once, and the databases."""
        if (self._dir / "data" / "PG_VERSION").exists():
            return
        self._dir.mkdir(parents=True, exist_ok=True)
        self._dir.chmod(0o700)
        password_file = self._dir / "password"
        write_private(password_file, self._endpoints.postgres_password)
        if self._user:
            for path in (self._dir, password_file):
                shutil.chown(path, self._user, self._user)
        data = self._dir / "data"
        self._run(
            "initdb", f"--pgdata={data}", f"--username={self._endpoints.postgres_user}",
            f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale",
        )  # fmt: skip
        password_file.unlink()

    def create_databases(self) -> None:
        """The services' databases; those that exist are left alone."""
        existing = self._psql("SELECT datname FROM pg_database").split()
        for database in DATABASES:
            if database not in existing:
                self._psql(f"CREATE DATABASE {database}")

    def program(self) -> Program:
        """The server; SIGINT is its fast shutdown."""
        settings = [option for setting in _SETTINGS for option in ("-c", setting)]
        return Program(
            argv=[
                _binary("postgres"), "-D", str(self._dir / "data"), "-p",
                str(self._endpoints.postgres_port), "-k", str(self._dir), *settings,
            ],
            user=self._user,
            stop_signal=signal.SIGINT,
        )  # fmt: skip

    def ready(self) -> bool:
        """Whether it takes queries."""
        command = [_binary("pg_isready"), "-q", "-h", self._endpoints.postgres_host]
        port = str(self._endpoints.postgres_port)
        return subprocess.run([*command, "-p", port], check=False).returncode == 0

    def remove(self) -> None:
        """Delete the data."""
        shutil.rmtree(self._dir, ignore_errors=True)

    def _psql(self, statement: str) -> str:
        endpoints = self._endpoints
        environment = dict(os.environ) | {"PGPASSWORD": endpoints.postgres_password}
        command = [
            _binary("psql"), "-XAtq", "-h", endpoints.postgres_host, "-p",
            str(endpoints.postgres_port), "-U", endpoints.postgres_user, "-d", "postgres",
        ]  # fmt: skip
        done = subprocess.run(
            [*command, "-c", statement],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            message = f"psql failed: {done.stderr.strip()}"
            raise StackError(message)
        return done.stdout

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_binary(program), *arguments],
            capture_output=True, text=True, check=False, cwd=self._dir,
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
