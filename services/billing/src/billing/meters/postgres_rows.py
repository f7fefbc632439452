"""Rows as domain values."""

import json
from collections.abc import Iterable
from typing import Any

import asyncpg

from billing.meters.terms import MeterBinding, TariffBook
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import Binding
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

BINDING_COLUMNS = (
    "b.id, b.account_id, b.meter_id, b.tariff_code, b.effective_from, b.effective_to, b.opening_wh"
)


def binding_of(values: Iterable[Any]) -> MeterBinding:
    """From the values of `BINDING_COLUMNS`."""
    binding_id, account_id, meter_id, tariff_code, effective_from, effective_to, opening = values
    return MeterBinding(
        binding_id,
        account_id,
        meter_id,
        tariff_code,
        Binding(
            binding_id=binding_id,
            effective_from=effective_from,
            effective_to=effective_to,
            opening_wh=opening,
        ),
    )


def blocks_json(version: TariffVersion) -> str:
    """How a tariff's blocks are stored: a list of [upto_wh, price_micro_per_kwh]."""
    return json.dumps([[b.upto_wh, b.price_micro_per_kwh] for b in version.tariff.blocks])


async def load_tariffs(connection: "asyncpg.Connection[asyncpg.Record]") -> TariffBook:
    """Every tariff version there is: a utility has tens of them."""
    rows = await connection.fetch(
        "SELECT code, effective_from, currency, timezone, blocks::text AS blocks, "
        "standing_micro_per_day, tax_bp FROM tariff_version"
    )
    return TariffBook([_version(row) for row in rows])


def _version(row: asyncpg.Record) -> TariffVersion:
    return TariffVersion(
        code=row["code"],
        effective_from=BillingMonth.parse(row["effective_from"]),
        currency=row["currency"],
        timezone=row["timezone"],
        tariff=Tariff(
            blocks=tuple(
                Block(upto_wh=upto_wh, price_micro_per_kwh=price)
                for upto_wh, price in json.loads(row["blocks"])
            ),
            standing_micro_per_day=row["standing_micro_per_day"],
            tax_bp=row["tax_bp"],
        ),
    )
