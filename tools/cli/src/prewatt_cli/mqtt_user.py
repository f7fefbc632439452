"""A meter's login at the local stack's broker, as ``prewatt mqtt-user`` makes it."""

import re
import secrets
import socket
from pathlib import Path
from typing import get_args

from prewatt_cli.target import NoTarget
from prewatt_common.contracts.base import MeterId
from prewatt_devstack import Stack
from prewatt_devstack.processes import wait_until
from prewatt_simulator import wire

_METER_ID = re.compile(get_args(MeterId)[1].pattern)
_CONNACK_BYTES = 4
_TIMEOUT_S = 10.0


def make_mqtt_user(*, meter_id: str, state_dir: Path) -> str:
    """Let the meter log in; gives ``mqtt://METER:PASSWORD@HOST:PORT``, which holds on return.

    A meter that had a password gets a new one. Raises ValueError for what is no meter's id,
    `NoTarget` where no local broker runs.
    """
    if not _METER_ID.fullmatch(meter_id):
        message = f"{meter_id!r} is no meter id: 1 to 64 letters, digits, _ or -"
        raise ValueError(message)
    if not (state_dir / "provider").exists():
        message = f"there is no local stack in {state_dir}: start one with `make up`"
        raise NoTarget(message)
    stack = Stack(state_dir=state_dir)
    endpoints = stack.endpoints
    if meter_id in (endpoints.mqtt_gateway_username, endpoints.mqtt_fleet_username):
        message = f"{meter_id} is the stack's own login; take another meter id"
        raise ValueError(message)
    if not stack.running("mosquitto"):
        message = "the local stack's broker does not run: start it with `make up`"
        raise NoTarget(message)
    password = secrets.token_urlsafe(18)
    stack.add_mqtt_user(meter_id, password)
    host, port = endpoints.mqtt_host, endpoints.mqtt_port
    wait_until(
        lambda: _logs_in(host, port, meter_id, password),
        what=f"the login of {meter_id}", timeout_s=_TIMEOUT_S, hint="`devstack logs mosquitto`",
    )  # fmt: skip
    return f"mqtt://{meter_id}:{password}@{host}:{port}"


def _logs_in(host: str, port: int, name: str, password: str) -> bool:
    """The broker reads its passwords anew a moment after it was told to."""
    with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
        client_id = f"prewatt-login-{secrets.token_hex(8)}"
        connection.sendall(wire.connect(client_id=client_id, username=name, password=password))
        answer = connection.recv(_CONNACK_BYTES, socket.MSG_WAITALL)
        return len(answer) == _CONNACK_BYTES and wire.refusal(answer) is None
