"""The demo profile's meters, one tariff, and an account for each. Running it again is harmless.

At 3.6 kW and 0.60 a kWh, five cents last about two minutes: the first relays open soon.
"""

import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from prewatt_cli.target import find_target
from prewatt_simulator.inventory import Household, write_accounts, write_devices
from prewatt_simulator.settings import meter_ids

METERS = meter_ids(50)
CENT_MICRO = 10_000
TIMEZONE = "Asia/Shanghai"
TARIFF = {
    "code": "demo",
    "valid_from": "2026-01-01",
    "currency": "CNY",
    "timezone": TIMEZONE,
    "components": [{"name": "energy", "kind": "energy", "micro_per_kwh": {"all": 600_000}}],
}


def accounts_csv() -> str:
    """Account 000000001 has five cents, the next ten, and so on; warned below five."""
    opening_wh = int(time.time())
    households = [
        Household(
            number=f"{number:09d}",
            meter_id=meter_id,
            tariff_code="demo",
            opening_wh=opening_wh,
            balance_micro=number * 5 * CENT_MICRO,
            low_balance_micro=5 * CENT_MICRO,
        )
        for number, meter_id in enumerate(METERS, 1)
    ]
    since = datetime.now(UTC) - timedelta(minutes=1)
    out = io.StringIO()
    write_accounts(
        out,
        households=households,
        currency="CNY",
        first_day=since.astimezone(ZoneInfo(TIMEZONE)).date(),
        begins_at=since,
    )
    return out.getvalue()


def send_csv(client: httpx.Client, path: str, text: str) -> None:
    """Import a CSV; a refusal ends the program with the service's answer."""
    answer = client.post(path, content=text, headers={"content-type": "text/csv"})
    if not answer.is_success:
        raise SystemExit(f"{path}: {answer.status_code}: {answer.text}")
    print(f"{path}: {answer.text}")  # noqa: T201


def main() -> None:
    """Register everything, devices first."""
    target = find_target(state_dir=Path("/nowhere"))
    devices = io.StringIO()
    write_devices(devices, meter_ids=METERS)
    with target.client("meter-gateway") as gateway:
        send_csv(gateway, "/v1/devices/import", devices.getvalue())
    with target.client("prepay-ledger") as ledger:
        body = {"document": TARIFF, "reason": "a demo"}
        answer = ledger.post("/v1/tariffs", json=body)
        if not answer.is_success:
            raise SystemExit(f"/v1/tariffs: {answer.status_code}: {answer.text}")
        send_csv(ledger, "/v1/accounts/import?prepay_agreement=direct", accounts_csv())


if __name__ == "__main__":
    main()
