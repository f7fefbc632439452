"""A service's shell: settings, logs, migrations."""

import asyncio
import json
import logging
import os
import re
import subprocess
import sys

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from prewatt_common.db.migrations import migrate
from prewatt_common.logging import configure_logging
from prewatt_devstack.ports import free_ports

ENV = {k: v for k, v in os.environ.items() if not k.startswith("PREWATT_")}
_KEY = Ed25519PrivateKey.generate()
SETTINGS = {
    "PREWATT_DATABASE_URL": "postgresql+asyncpg://u:p@localhost:1/x",
    "PREWATT_AUTH_PUBLIC_KEY": "x",
    "PREWATT_COMMAND_SIGNING_KEY": _KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode(),
    "PREWATT_COMMAND_KEY_ID": "x",
}


def run(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "prepay_ledger", *arguments],
        env=ENV | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {}, "PREWATT_DATABASE_URL"),
        ((), SETTINGS | {"PREWATT_HTTP_PORT": "99999999"}, "PREWATT_HTTP_PORT"),
        ((), SETTINGS | {"PREWATT_LOG_LEVEL": "LOUD"}, "PREWATT_LOG_LEVEL"),
        ((), SETTINGS | {"PREWATT_PAYMENT_PROVIDERS": '{"p": "x"}'}, "PREWATT_PAYMENT_PROVIDERS.P"),
        ((), SETTINGS | {"PREWATT_PAYMENT_PROVIDERS": "{"}, "payment_providers"),
        ((), SETTINGS | {"PREWATT_COMMAND_SIGNING_KEY": "x"}, "PREWATT_COMMAND_SIGNING_KEY"),
        (("dance",), SETTINGS, "usage: prepay-ledger [migrate]"),
        (("migrate",), SETTINGS, "PREWATT_MIGRATION_DATABASE_URL: to migrate"),
        (
            ("migrate",),
            SETTINGS | {"PREWATT_MIGRATION_DATABASE_URL": SETTINGS["PREWATT_DATABASE_URL"]},
            "another than u",
        ),
    ],
)
def test_wrong_settings_are_one_line_and_exit_code_2(arguments, variables, said):
    done = run(*arguments, **variables)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert said in line


_SERVICE = """
import asyncio, sys
from prewatt_common.http.app import create_app
from prewatt_common.logging import configure_logging
from prewatt_common.service import run_service, serve
from prewatt_common.settings import ServiceSettings

class Fine:
    name = "fine"
    async def run(self, stop):
        await stop.wait()

class Ends:
    name = "ends"
    async def run(self, stop):
        await asyncio.sleep(0.1)
        if sys.argv[0] == "raises":
            raise KeyError("x")
        if sys.argv[0] == "lets a cancellation out":
            cancelled = asyncio.get_running_loop().create_future()
            cancelled.cancel()
            await cancelled

async def run(settings):
    app = create_app(name="t", summary="", auth_public_key="", routers=[], checks={}, consuming={})
    await serve(app=app, settings=settings, workers=[Fine(), Ends()])

sys.argv = [sys.argv[1]]
run_service(package="some_service", settings_type=ServiceSettings, run=run)
"""


@pytest.mark.parametrize("how", ["returns", "raises", "lets a cancellation out"])
def test_a_worker_that_ends_before_it_is_told_to_ends_the_service(how):
    (port,) = free_ports(1)
    done = subprocess.run(
        [sys.executable, "-c", _SERVICE, how],
        env=ENV | SETTINGS | {"PREWATT_HTTP_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (line,) = [line for line in lines if line["level"] == "CRITICAL"]
    assert line["message"].startswith("worker ends ")
    assert "the service ends" in line["message"]
    assert not done.stderr


def test_a_log_line_is_json_with_its_ids(capsys, monkeypatch):
    # Servers of other tests may have set it.
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "level", logging.NOTSET)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(service="test", level="INFO")
        # capsys has its own standard output: the handler took it just now.
        logger = logging.getLogger("somewhere")
        logger.info("charged %d", 5, extra={"account_id": "a-1", "meter_id": "m-1"})
        logging.getLogger("uvicorn.error").info("up", extra={"color_message": "\x1b[1mup"})
        coordinator = logging.getLogger("aiokafka.consumer.group_coordinator")
        coordinator.error("Group Coordinator Request failed: [Error 15] CoordinatorNotAvailable")
        coordinator.error("something else")
    finally:
        root.handlers[:], root.level = handlers, level
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("at"))
    assert first == {
        "level": "INFO",
        "logger": "somewhere",
        "message": "charged 5",
        "service": "test",
        "account_id": "a-1",
        "meter_id": "m-1",
    }
    assert "color_message" not in second
    assert third["message"] == "something else"


@pytest.mark.stack
async def test_any_number_may_migrate_and_an_older_release_changes_nothing(loop, caplog):
    url = loop.url.rpartition("/")[0] + "/" + loop.url.rpartition("/")[2] + "_m"
    connection = await asyncpg.connect(loop.url.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {url.rpartition('/')[2]}")
    await connection.close()
    # Every replica of a release does this when it starts, at the same moment.
    await asyncio.gather(
        *(asyncio.to_thread(migrate, package="prepay_ledger", database_url=url) for _ in range(4))
    )
    await asyncio.to_thread(migrate, package="prepay_ledger", database_url=url)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT version_num FROM alembic_version")
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
        # The next release has been here: an old pod that restarts during its rollout may start.
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await asyncio.to_thread(migrate, package="prepay_ledger", database_url=url)
        assert "revision 9999" in caplog.text
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    finally:
        await connection.close()
