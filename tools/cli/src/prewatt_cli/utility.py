"""A small utility to play with: tariffs and households, made through the APIs as people would.

The demo, the integration tests and the benchmarks all begin here.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import httpx

from prewatt_devstack import Stack
from prewatt_devstack.services import COMMAND_KEY_ID
from prewatt_simulator import FleetSettings
from prewatt_simulator.inventory import Household, write_accounts, write_devices

CURRENCY = "CNY"
TIMEZONE = "Asia/Shanghai"
FLAT_TARIFF = {
    "code": "flat",
    "effective_from": "2020-01",
    "currency": CURRENCY,
    "timezone": TIMEZONE,
    "blocks": [{"price_micro_per_kwh": 520_000}],
    "standing_micro_per_day": 100_000,
    "tax_bp": 600,
}
BLOCK_TARIFF = {
    "code": "blocks",
    "effective_from": "2020-01",
    "currency": CURRENCY,
    "timezone": TIMEZONE,
    "blocks": [
        {"upto_wh": 240_000, "price_micro_per_kwh": 488_300},
        {"upto_wh": 400_000, "price_micro_per_kwh": 538_300},
        {"price_micro_per_kwh": 788_300},
    ],
    "standing_micro_per_day": 100_000,
    "tax_bp": 600,
}
_LINES_PER_UPLOAD = 20_000


def fleet_settings(stack: Stack, meter_ids: Sequence[str]) -> FleetSettings:
    """Meters on the stack's broker that obey its gateway's commands; ``replace`` the rest."""
    endpoints = stack.endpoints
    return FleetSettings(
        mqtt_host=endpoints.mqtt_host,
        mqtt_port=endpoints.mqtt_port,
        username=endpoints.mqtt_fleet_username,
        password=endpoints.mqtt_fleet_password,
        meter_ids=meter_ids,
        command_public_keys={COMMAND_KEY_ID: stack.keys.command_public},
    )


def publish_tariffs(ledger: httpx.Client) -> None:
    """The flat and the block tariff; those that are there already stay."""
    for tariff in (FLAT_TARIFF, BLOCK_TARIFF):
        response = ledger.post("/v1/tariffs", json=tariff)
        if response.status_code != HTTPStatus.CONFLICT:
            response.raise_for_status()


def register_households(
    *,
    gateway: httpx.Client,
    ledger: httpx.Client,
    households: Sequence[Household],
    effective_from: datetime,
) -> None:
    """Devices at the gateway, accounts with their meters at the ledger. Repeatable."""
    for begin in range(0, len(households), _LINES_PER_UPLOAD):
        some = households[begin : begin + _LINES_PER_UPLOAD]
        devices, accounts = io.StringIO(), io.StringIO()
        write_devices(devices, meter_ids=[each.meter_id for each in some])
        write_accounts(accounts, households=some, currency=CURRENCY, effective_from=effective_from)
        _upload(gateway, "/v1/devices/import", devices)
        _upload(ledger, "/v1/accounts/import", accounts)


def _upload(client: httpx.Client, path: str, text: io.StringIO) -> None:
    response = client.post(
        path, content=text.getvalue().encode(), headers={"content-type": "text/csv"}
    )
    response.raise_for_status()
