"""Mosquitto with passwords and the access rules that deploy/ ships."""

import hashlib
import os
import secrets
import shutil
from base64 import b64encode
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints, write_private
from prewatt_devstack.paths import DEPLOY
from prewatt_devstack.ports import listens
from prewatt_devstack.processes import Program

_ITERATIONS = 101
"""mosquitto_passwd's own number: passwords here are random and long, and logins many."""
_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {dir}/passwords
acl_file {dir}/acl
message_size_limit 524288
persistence true
persistence_location {dir}/data/
autosave_interval 30
max_inflight_messages 2000
max_queued_messages 1000000
log_dest stdout
log_type error
log_type warning
log_type notice
connection_messages false
{user}
"""


class Mosquitto:
    """A part of the native stack."""

    name = "mosquitto"
    ready_timeout_s = 15.0

    def __init__(self, state_dir: Path, endpoints: Endpoints) -> None:
        self._dir = state_dir / "mosquitto"
        self._endpoints = endpoints

    def prepare(self) -> None:
        """Write configuration and passwords, once; meters added later stay."""
        if (self._dir / "mosquitto.conf").exists():
            return
        (self._dir / "data").mkdir(parents=True, exist_ok=True)
        acl = self._dir / "acl"
        shutil.copyfile(DEPLOY / "mosquitto" / "acl", acl)
        acl.chmod(0o600)
        # As root it would drop to its own user, which may not be able to read our files.
        user = "user root" if os.geteuid() == 0 else ""
        endpoints = self._endpoints
        write_private(self._dir / "passwords", "")
        self.add_user(endpoints.mqtt_gateway_username, endpoints.mqtt_gateway_password)
        self.add_user(endpoints.mqtt_fleet_username, endpoints.mqtt_fleet_password)
        # Last, since it says that all is there.
        config = _CONFIG.format(port=endpoints.mqtt_port, dir=self._dir, user=user)
        (self._dir / "mosquitto.conf").write_text(config, encoding="utf-8")

    def add_user(self, name: str, password: str) -> None:
        """A credential, or a new password for one; a broker that runs reads it on SIGHUP."""
        file = self._dir / "passwords"
        others = [
            line
            for line in file.read_text(encoding="utf-8").splitlines(keepends=True)
            if not line.startswith(f"{name}:")
        ]
        fresh = file.with_suffix(".new")
        write_private(fresh, "".join(others) + _password_line(name, password))
        fresh.replace(file)

    def program(self) -> Program:
        """The broker. Debian keeps it outside an ordinary user's path."""
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        return Program(argv=[found or "mosquitto", "-c", str(self._dir / "mosquitto.conf")])

    def ready(self) -> bool:
        """Whether it accepts connections."""
        return listens(self._endpoints.mqtt_port)


def _password_line(name: str, password: str) -> str:
    """What mosquitto_passwd writes, which a machine with containers only does not have."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"{name}:$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}\n"
