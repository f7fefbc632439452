"""The fleet as lists that the services import: devices for the gateway, bindings for the ledger."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

MODEL = "prewatt-simulator"
CODEC = "canonical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """An account with one meter; its money at the start in micro-units."""

    number: str
    meter_id: str
    balance_micro: int = 0
    tariff_code: str = "flat"
    low_balance_micro: int = 0
    opening_wh: int = 0


def write_devices(out: TextIO, *, meter_ids: Sequence[str]) -> None:
    """``meter_id,model,codec``: what ``prewatt meters import`` takes."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("meter_id", "model", "codec"))
    writer.writerows((meter_id, MODEL, CODEC) for meter_id in meter_ids)


def write_accounts(
    out: TextIO, *, households: Sequence[Household], currency: str, effective_from: datetime
) -> None:
    """What the ledger's ``POST /v1/accounts/import`` takes."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("number", "currency", "meter_id", "tariff_code", "effective_from", "opening_wh",
         "opening_balance_micro", "low_balance_micro")
    )  # fmt: skip
    since = effective_from.isoformat()
    writer.writerows(
        (each.number, currency, each.meter_id, each.tariff_code, since, each.opening_wh,
         each.balance_micro, each.low_balance_micro)
        for each in households
    )  # fmt: skip


def households_of(
    meter_ids: Sequence[str], *, tariff_code: str, opening_wh: int
) -> list[Household]:
    """One without money for each meter, numbered 000000001 and on."""
    return [
        Household(
            number=f"{number:09d}",
            meter_id=meter_id,
            tariff_code=tariff_code,
            opening_wh=opening_wh,
        )
        for number, meter_id in enumerate(meter_ids, 1)
    ]
