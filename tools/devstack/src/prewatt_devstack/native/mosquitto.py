"""Mosquitto with passwords and the access rules that deploy/ ships."""

import os
import shutil
import subprocess
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.paths import DEPLOY
from prewatt_devstack.ports import listens
from prewatt_devstack.processes import Program

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
        passwords = self._dir / "passwords"
        if passwords.exists():
            return
        (self._dir / "data").mkdir(parents=True, exist_ok=True)
        acl = self._dir / "acl"
        shutil.copyfile(DEPLOY / "mosquitto" / "acl", acl)
        acl.chmod(0o600)
        # As root it would drop to its own user, which may not be able to read our files.
        user = "user root" if os.geteuid() == 0 else ""
        config = _CONFIG.format(port=self._endpoints.mqtt_port, dir=self._dir, user=user)
        (self._dir / "mosquitto.conf").write_text(config, encoding="utf-8")
        write_private(passwords, "")
        endpoints = self._endpoints
        self.add_user(endpoints.mqtt_gateway_username, endpoints.mqtt_gateway_password)
        self.add_user(endpoints.mqtt_fleet_username, endpoints.mqtt_fleet_password)

    def add_user(self, name: str, password: str) -> None:
        """A credential; a broker that runs reads it on SIGHUP."""
        try:
            subprocess.run(
                ["mosquitto_passwd", "-b", str(self._dir / "passwords"), name, password],
                check=True,
                capture_output=True,
            )
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            message = f"mosquitto_passwd failed: {error}; run tools/setup.sh stack"
            raise StackError(message) from error

    def program(self) -> Program:
        """The broker. Debian keeps it outside an ordinary user's path."""
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        return Program(argv=[found or "mosquitto", "-c", str(self._dir / "mosquitto.conf")])

    def ready(self) -> bool:
        """Whether it accepts connections."""
        return listens(self._endpoints.mqtt_port)
