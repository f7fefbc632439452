"""The command line."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.mqtt_v1 import MqttStatus

status_of = msgspec.json.Decoder(MqttStatus).decode
COMMAND = [sys.executable, "-m", "prewatt_simulator"]


def simulator(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_lists_meters_and_accounts() -> None:
    assert simulator("meters", "--count", "2").stdout.splitlines() == [
        "meter_id,model,codec",
        "sim-0000001,prewatt-simulator,canonical",
        "sim-0000002,prewatt-simulator,canonical",
    ]
    accounts = ("meters", "--count", "1", "--accounts")
    chosen = ("--start-wh", "7", "--tariff", "blocks", "--since", "2026-10-31T16:00:00Z")
    assert simulator(*accounts, *chosen).stdout == (
        "number,currency,tariff_code,first_day,meter_id,begins_at,opening_wh,"
        "opening_balance_micro,low_balance_micro\n"
        "000000001,CNY,blocks,2026-11-01,sim-0000001,2026-10-31T16:00:00+00:00,7,0,0\n"
    )
    for wrong in (("--since", "yesterday"), ("--timezone", "Asia/Nowhere")):
        assert simulator(*accounts, *wrong).returncode == 2


def test_an_agreement_begins_on_the_local_day_of_the_tariffs_zone() -> None:
    accounts = ("meters", "--count", "1", "--accounts", "--since", "2026-10-31T16:00:00Z")
    there, here = (
        simulator(*accounts, "--timezone", zone).stdout.splitlines()[1].split(",")[3]
        for zone in ("Asia/Shanghai", "Europe/London")
    )
    assert (there, here) == ("2026-11-01", "2026-10-31")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--rate", "fast"),
        ("run", "--meters", "0"),
        ("run", "--faults", "lost=2"),
        ("run", "--faults", "stolen=0.1"),
        ("run", "--start", "yesterday"),
        ("run", "--command-key", "k1=/nonexistent"),
        ("run", "--no-such-option"),
        ("fly",),
    ],
)
def test_bad_option_is_one_line_and_exit_code_2(arguments: tuple[str, ...]) -> None:
    ended = simulator(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("simulator: ")


def test_no_broker_is_one_line_and_exit_code_1() -> None:
    ended = simulator("run", "--mqtt-port", "1")
    assert ended.returncode == 1
    assert ended.stderr.startswith("simulator: no broker at 127.0.0.1:1")
    assert len(ended.stderr.splitlines()) == 1


def test_runs_steps_and_prints_the_totals(broker: Any) -> None:
    ended = simulator(
        *("run", "--meters", "50", "--rate", "2000/s", "--steps", "4", "--faults", "duplicated=1"),
        *("--mqtt-port", str(broker.port), "--prefix", "cli"),
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert (summary["published"], summary["acked"]) == (400, 400)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM], ids=["last will", "orderly"])
async def test_status_is_offline_when_the_process_ends(
    broker: Any,
    watch: Callable[[int], AbstractAsyncContextManager[Any]],
    ending: signal.Signals,
) -> None:
    prefix = f"mortal{ending.value}"
    topic = f"{prefix}-0000001/status"
    async with watch(broker.port) as witness:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("run", "--meters", "2", "--one-connection-each", "--mqtt-port", str(broker.port)),
            *("--prefix", prefix),
            stdout=subprocess.DEVNULL,
        )
        try:
            (came,) = map(status_of, await witness.wait(topic, 1))
            assert came.presence is Presence.ONLINE
            # Not before its signal handlers are there.
            await witness.wait(f"{prefix}-0000001/reading", 1)
        finally:
            process.send_signal(ending)
        code = await process.wait()
        went = status_of((await witness.wait(topic, 2))[-1])
        assert (went.presence, went.session) == (Presence.OFFLINE, came.session)
        assert code == (0 if ending == signal.SIGTERM else -signal.SIGKILL)
