"""The fleet as lists that the services import: devices for the gateway, bindings for the ledger."""

import csv
from collections.abc import Sequence
from typing import TextIO

MODEL = "prewatt-simulator"
CODEC = "canonical"


def write_devices(out: TextIO, *, meter_ids: Sequence[str]) -> None:
    """``meter_id,model,codec``: what ``prewatt meters import`` takes."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("meter_id", "model", "codec"))
    writer.writerows((meter_id, MODEL, CODEC) for meter_id in meter_ids)


def write_accounts(out: TextIO, *, meter_ids: Sequence[str], opening_wh: int) -> None:
    """``account_number,meter_id,opening_wh``: one account for each meter, 000000001 and on."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("account_number", "meter_id", "opening_wh"))
    writer.writerows(
        (f"{number:09d}", meter_id, opening_wh) for number, meter_id in enumerate(meter_ids, 1)
    )
