"""The fleet as lists that the services import: devices for the gateway, accounts for the ledger."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
    opening_wh: int | None = 0
    """The register at the installation's beginning; none: the first reading opens it."""


def write_devices(out: TextIO, *, meter_ids: Sequence[str]) -> None:
    """``meter_id,model,codec``: what ``prewatt meters import`` takes."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("meter_id", "model", "codec"))
    writer.writerows((meter_id, MODEL, CODEC) for meter_id in meter_ids)


def write_accounts(
    out: TextIO,
    *,
    households: Sequence[Household],
    currency: str,
    first_day: date,
    begins_at: datetime,
) -> None:
    """What the ledger's ``POST /v1/accounts/import`` takes: each account with an agreement from
    the local day ``first_day`` on, and its meter installed at the instant ``begins_at``."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("number", "currency", "tariff_code", "first_day", "meter_id", "begins_at", "opening_wh",
         "opening_balance_micro", "low_balance_micro")
    )  # fmt: skip
    day, since = first_day.isoformat(), begins_at.isoformat()
    writer.writerows(
        (each.number, currency, each.tariff_code, day, each.meter_id, since,
         "" if each.opening_wh is None else each.opening_wh,
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
