"""``prewatt mqtt-user``: a login that holds when the command is done, and is the meter's alone."""

import asyncio

import aiomqtt
import pytest
from typer.testing import CliRunner, Result

from prewatt_cli.__main__ import app
from prewatt_devstack import Stack

pytestmark = pytest.mark.stack
runner = CliRunner()


def mqtt_user(stack: Stack, meter_id: str) -> Result:
    return runner.invoke(app, ["mqtt-user", meter_id, "--state-dir", str(stack.state_dir)])


async def log_in(stack: Stack, name: str, password: str) -> None:
    where = {"hostname": stack.endpoints.mqtt_host, "port": stack.endpoints.mqtt_port}
    async with aiomqtt.Client(**where, username=name, password=password):
        pass


async def test_the_printed_login_holds_at_once_and_the_one_before_no_more(stack: Stack) -> None:
    passwords: list[str] = []
    for _ in range(2):
        result = await asyncio.to_thread(mqtt_user, stack, "cli-meter")
        assert result.exit_code == 0, result.output
        name, password = result.stdout.strip().removeprefix("mqtt://").split("@")[0].split(":")
        assert name == "cli-meter"
        await log_in(stack, name, password)
        passwords.append(password)
    with pytest.raises(aiomqtt.MqttError):
        await log_in(stack, "cli-meter", passwords[0])


@pytest.mark.parametrize("name", ["gateway", "fleet"])
async def test_the_stacks_own_logins_are_left_alone(stack: Stack, name: str) -> None:
    result = await asyncio.to_thread(mqtt_user, stack, name)
    assert result.exit_code == 2
    assert "take another meter id" in result.output
    endpoints = stack.endpoints
    password = {"gateway": endpoints.mqtt_gateway_password, "fleet": endpoints.mqtt_fleet_password}
    await log_in(stack, name, password[name])
