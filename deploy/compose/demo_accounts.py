"""The demo profile's meters, one tariff, and an account for each. Running it again is harmless.

At 3.6 kW and 0.60 a kWh, five cents last about two minutes: the first relays open soon.
"""

import csv
import io
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import httpx

from prewatt_cli.target import find_target
from prewatt_simulator.inventory import write_devices
from prewatt_simulator.settings import meter_ids

METERS = meter_ids(50)
CENT_MICRO = 10_000
TARIFF = {
    "code": "demo",
    "effective_from": "2026-01",
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
    "blocks": [{"price_micro_per_kwh": 600_000}],
}


def accounts_csv() -> str:
    """Account 000000001 has five cents, the next ten, and so on; warned below five."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(
        ("number", "currency", "meter_id", "tariff_code", "effective_from", "opening_wh",
         "opening_balance_micro", "low_balance_micro")
    )  # fmt: skip
    since = datetime.now(UTC) - timedelta(minutes=1)
    for number, meter_id in enumerate(METERS, 1):
        money = number * 5 * CENT_MICRO, 5 * CENT_MICRO
        rows.writerow(
            (f"{number:09d}", "CNY", meter_id, "demo", since.isoformat(), int(time.time()), *money)
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
        answer = ledger.post("/v1/tariffs", json=TARIFF)
        if not answer.is_success and answer.status_code != HTTPStatus.CONFLICT:
            raise SystemExit(f"/v1/tariffs: {answer.status_code}: {answer.text}")
        send_csv(ledger, "/v1/accounts/import", accounts_csv())


if __name__ == "__main__":
    main()
