"""Zone data: one release for all instances, and a word where it moves."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prometheus_client import generate_latest

from prewatt_common import zone_data
from prewatt_common.zone_data import (
    ZONE_DATA_BEHIND,
    OldZoneData,
    compare_zone_data,
    use_packaged_zone_data,
)

# A machine whose own data knows no zone but a wrong one.
_OTHER_MACHINE = """
import zoneinfo
from datetime import datetime
from prewatt_common.zone_data import use_packaged_zone_data
at = datetime(2026, 11, 24, tzinfo=zoneinfo.ZoneInfo("Asia/Shanghai"))
print(at.utcoffset())
use_packaged_zone_data()
print(datetime(2026, 11, 24, tzinfo=zoneinfo.ZoneInfo("Asia/Shanghai")).utcoffset())
"""

# Each service as it is started, with zone data of the release that is given.
_START = """
import runpy, sys, tzdata
tzdata.IANA_VERSION = sys.argv.pop(1)
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
_KEY = Ed25519PrivateKey.generate()
SETTINGS = {
    "PREWATT_DATABASE_URL": "postgresql+asyncpg://u:p@localhost:1/x",
    "PREWATT_AUTH_PUBLIC_KEY": "x",
    "PREWATT_COMMAND_SIGNING_KEY": _KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode(),
    "PREWATT_COMMAND_KEY_ID": "x",
}


def start(package, release):
    """Up to the command line, which is refused."""
    return subprocess.run(
        [sys.executable, "-c", _START, release, package, "no-such-command"],
        env={k: v for k, v in os.environ.items() if not k.startswith("PREWATT_")} | SETTINGS,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("package", ["billing", "meter_gateway", "notifier", "prepay_ledger"])
def test_a_service_says_its_zone_data_as_it_starts(package):
    started = start(package, tzdata.IANA_VERSION)
    assert "usage:" in started.stderr
    (line,) = started.stdout.splitlines()
    assert json.loads(line)["message"] == f"zone data {tzdata.IANA_VERSION} of the package tzdata"


def test_a_service_does_not_start_on_old_zone_data():
    refused = start("billing", "2019c")
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert "zone data 2019c, and at least" in line


def test_the_release_is_a_metric():
    release = use_packaged_zone_data()
    metrics = generate_latest().decode()
    assert f'prewatt_zone_data_info{{version="{release}"}} 1.0' in metrics


def test_the_machines_own_zones_are_not_used(tmp_path):
    berlin = Path(tzdata.__path__[0]) / "zoneinfo" / "Europe" / "Berlin"
    (tmp_path / "Asia").mkdir()
    shutil.copy(berlin, tmp_path / "Asia" / "Shanghai")
    done = subprocess.run(
        [sys.executable, "-c", _OTHER_MACHINE],
        env=os.environ | {"PYTHONTZPATH": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["1:00:00", "8:00:00"]


def test_old_zone_data_is_refused(monkeypatch):
    monkeypatch.setattr(tzdata, "IANA_VERSION", "2019c")
    with pytest.raises(OldZoneData, match="zone data 2019c, and at least"):
        zone_data.use_packaged_zone_data()
    assert ZoneInfo("Asia/Shanghai")  # the rest of the tests go on with the package's


@pytest.mark.stack
async def test_a_database_remembers_what_it_was_used_with(loop, caplog):
    caplog.set_level(logging.WARNING)
    await compare_zone_data(loop.database, version="2026a")
    assert not caplog.records
    await compare_zone_data(loop.database, version="2026f")
    assert "went from 2026a to 2026f" in caplog.text
    caplog.clear()
    await compare_zone_data(loop.database, version="2026f")
    assert not caplog.records
    assert ZONE_DATA_BEHIND._value.get() == 0
    await compare_zone_data(loop.database, version="2026a")
    assert "2026a is older than 2026f" in caplog.text
    assert ZONE_DATA_BEHIND._value.get() == 1
