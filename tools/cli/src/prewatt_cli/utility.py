"""A small utility to play with: tariffs and households, made through the APIs as people would.

The demo, the integration tests and the benchmarks all begin here.
"""

import io
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from prewatt_cli.imports import import_csv
from prewatt_devstack import Stack
from prewatt_devstack.services import COMMAND_KEY_ID
from prewatt_simulator import FleetSettings
from prewatt_simulator.inventory import Household, write_accounts, write_devices

CURRENCY = "CNY"
TIMEZONE = "Asia/Shanghai"


def tariff(code: str, *prices: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A tariff document of Shanghai in CNY; ``rest`` are fields of it besides the prices."""
    return {
        "code": code,
        "valid_from": "2020-01-01",
        "currency": CURRENCY,
        "timezone": TIMEZONE,
        "components": list(prices),
        **rest,
    }


FLAT_PRICE = {"name": "energy", "kind": "energy", "micro_per_kwh": {"all": 520_000}}
BLOCK_PRICE = {
    "name": "ladder",
    "kind": "blocks",
    "blocks": [
        {"upto_wh": 240_000, "micro_per_kwh": 488_300},
        {"upto_wh": 400_000, "micro_per_kwh": 538_300},
        {"upto_wh": None, "micro_per_kwh": 788_300},
    ],
}
TIME_OF_USE_PRICE = {
    "name": "energy",
    "kind": "energy",
    "micro_per_kwh": {"peak": 568_000, "flat": 488_000, "valley": 288_000},
}
SLOTS = {
    "slots": [
        {"name": "peak", "begin": "08:00", "end": "11:00"},
        {"name": "peak", "begin": "18:00", "end": "21:00"},
        {"name": "valley", "begin": "22:00", "end": "08:00"},
        {"name": "flat"},
    ]
}
STANDING = {"name": "meter", "kind": "standing", "micro_per_day": 100_000}
TAX = {"name": "tax", "kind": "levy", "rate_ppm": 60_000}
FLAT_TARIFF = tariff("flat", FLAT_PRICE, STANDING, TAX)
BLOCK_TARIFF = tariff("blocks", BLOCK_PRICE, STANDING, TAX)
TIME_OF_USE_TARIFF = tariff("time-of-use", TIME_OF_USE_PRICE, STANDING, TAX, time_of_use=SLOTS)
TARIFFS = (FLAT_TARIFF, BLOCK_TARIFF, TIME_OF_USE_TARIFF)


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
        site_code_master=b64decode(stack.keys.site_code_master),
    )


def publish_tariffs(ledger: httpx.Client, *documents: Mapping[str, Any]) -> None:
    """The three of this page, or ``documents``. Repeatable: the same version again is no error."""
    for document in documents or TARIFFS:
        body = {"document": document, "reason": "a utility to play with"}
        ledger.post("/v1/tariffs", json=body).raise_for_status()


def register_households(
    *,
    gateway: httpx.Client,
    ledger: httpx.Client,
    households: Sequence[Household],
    begins_at: datetime,
) -> None:
    """Devices at the gateway; accounts, agreements and installations at the ledger. Repeatable.

    Meters serve from ``begins_at`` on, and agreements begin on its local day.
    """
    register_devices(gateway, households=households)
    open_accounts(ledger, households=households, begins_at=begins_at)


def register_devices(gateway: httpx.Client, *, households: Sequence[Household]) -> None:
    """The households' meters at the gateway."""
    text = io.StringIO()
    write_devices(text, meter_ids=[each.meter_id for each in households])
    _import(gateway, "/v1/devices/import", text)


def open_accounts(
    ledger: httpx.Client, *, households: Sequence[Household], begins_at: datetime
) -> None:
    """The households at the ledger, with their agreements and installations; what they have signed
    about prepayment is complete, and asks for no step before a cut."""
    text = io.StringIO()
    write_accounts(
        text,
        households=households,
        currency=CURRENCY,
        first_day=begins_at.astimezone(ZoneInfo(TIMEZONE)).date(),
        begins_at=begins_at,
    )
    _import(ledger, "/v1/accounts/import", text, prepay_agreement="direct")


def _import(client: httpx.Client, path: str, text: io.StringIO, **query: str) -> None:
    text.seek(0)
    import_csv(client, path, map(str.encode, text), query=query)
