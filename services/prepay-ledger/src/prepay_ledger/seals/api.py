"""Seals over HTTP: closed days, and the proof of one row."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from prepay_ledger.seals.chain import key_of, leaf_of, row_text, tables_of
from prepay_ledger.seals.ports import OpenUnit, SealStore
from prepay_ledger.seals.schemas import ProofOut, SealOut
from prepay_ledger.seals.values import SEALED_BY_NAME, Seal
from prewatt_common.http.auth import require
from prewatt_common.merkle import inclusion_proof
from prewatt_common.refusals import Refusal

TableName = Literal[
    "command", "command_answer", "decision", "entry", "fact", "finding_seen", "journal",
    "meter_day", "parked_meter_step", "payment", "payment_event", "payment_event_step",
    "payment_movement", "payment_resolution", "posting", "tariff_version",
]  # fmt: skip


class NotSealed(Refusal):
    """No such day is sealed, or no such row is in it."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-sealed"


def seals_router(*, open_unit: OpenUnit) -> APIRouter:
    """``/v1/seals``. Scope ``ledger:read``."""
    router = APIRouter(
        prefix="/v1/seals", tags=["seals"], dependencies=[Depends(require("ledger:read"))]
    )

    @router.get("/{day}")
    async def seal(day: date) -> SealOut:
        """The seal of a day."""
        async with open_unit() as unit:
            found = await _seal(unit.seals, day)
        return SealOut(
            day=day, previous=found.previous.hex(), head=found.head.hex(), body=found.body
        )

    @router.get("/{day}/proof")
    async def proof(
        day: date,
        table: TableName,
        key: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$")],
    ) -> ProofOut:
        """The proof of one row, by its key: its id, or for instance ``1042/0`` for entry 0 of
        journal 1042. Reads that table's whole day."""
        async with open_unit() as unit:
            found = await _seal(unit.seals, day)
            return await _proof(unit.seals, found, table, key)

    return router


async def _seal(store: SealStore, day: date) -> Seal:
    seal = await store.seal(day)
    if seal is None:
        message = f"{day} is not sealed"
        raise NotSealed(message)
    return seal


async def _proof(store: SealStore, seal: Seal, name: str, key: str) -> ProofOut:
    table = SEALED_BY_NAME[name]
    leaves: list[bytes] = []
    number, text = -1, b""
    async for row in store.rows(table, seal.day):
        if key_of(table, row) == key:
            number, text = len(leaves), row_text(table, row)
        leaves.append(leaf_of(table, row))
    if number < 0:
        message = f"{name} has no row {key} of {seal.day}"
        raise NotSealed(message)
    return ProofOut(
        day=seal.day,
        table=name,
        row=text.decode(),
        leaf=leaves[number].hex(),
        number=number,
        count=len(leaves),
        proof=[each.hex() for each in inclusion_proof(leaves, number)],
        root=tables_of(seal)[name].root.hex(),
        head=seal.head.hex(),
    )
