"""Seals over HTTP: closed days, and the proof of one row."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from prepay_ledger.seals.ports import OpenUnit
from prepay_ledger.seals.prove_row import prove_row, sealed_day
from prepay_ledger.seals.schemas import ProofOut, SealOut
from prewatt_common.http.auth import require

TableName = Literal[
    "command", "command_answer", "decision", "entry", "fact", "finding_seen", "journal",
    "meter_day", "parked_meter_step", "payment", "payment_event", "payment_event_step",
    "payment_movement", "payment_resolution", "posting", "tariff_version",
]  # fmt: skip


def seals_router(*, open_unit: OpenUnit) -> APIRouter:
    """``/v1/seals``. Scope ``ledger:read``."""
    router = APIRouter(
        prefix="/v1/seals", tags=["seals"], dependencies=[Depends(require("ledger:read"))]
    )

    @router.get("/{day}")
    async def seal(day: date) -> SealOut:
        """The seal of a day."""
        async with open_unit() as unit:
            return SealOut.of(await sealed_day(unit.seals, day))

    @router.get("/{day}/proof")
    async def proof(
        day: date,
        table: TableName,
        key: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$")],
    ) -> ProofOut:
        """The proof of one row, by its key: its id, or for instance ``1042/0`` for entry 0 of
        journal 1042. Reads that table's whole day."""
        async with open_unit() as unit:
            seal = await sealed_day(unit.seals, day)
            return ProofOut.of(await prove_row(unit.seals, seal, table, key))

    return router
