"""Accounts and bindings as CSV."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from prepay_ledger.adapters.postgres.bulk import PostgresBulk
from prepay_ledger.adapters.postgres.unit import open_unit
from prepay_ledger.api.schemas import (
    CurrencyField,
    MeterIdField,
    MicroUnits,
    TariffCodeField,
)
from prepay_ledger.application.import_accounts import (
    ImportLine,
    ImportRefused,
    import_accounts,
)
from prepay_ledger.domain.accounts import Account, NewBinding
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.db.database import Database
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem
from prewatt_common.ids import new_id

BODY_BYTES_MAX = 64 * 1024 * 1024
_PROBLEMS_SHOWN = 100


class AccountLine(BaseModel):
    """The columns of an import; those with a default may be left out."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    currency: CurrencyField
    meter_id: MeterIdField
    tariff_code: TariffCodeField
    effective_from: AwareDatetime
    opening_wh: Annotated[int, Field(ge=0, le=10**13)]
    opening_balance_micro: Annotated[int, Field(ge=-(10**15), le=10**15)] = 0
    low_balance_micro: MicroUnits = 0
    emergency_credit_micro: MicroUnits = 0
    protected: bool = False


class ImportAnswer(BaseModel):
    """Accounts opened, and accounts that were there before and were left as they are."""

    opened: int
    existing: int


def imports_router(*, database: Database, committed: Callable[[], None], clock: Clock) -> APIRouter:
    """``POST /v1/accounts/import``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:write"))])
    columns = ", ".join(AccountLine.model_fields)

    @router.post(
        "/accounts/import",
        tags=["accounts"],
        description=f"All or nothing; sent again it changes nothing. Columns: {columns}.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(request: Request) -> ImportAnswer:
        lines = _parse(await _text(request), now=clock())
        try:
            async with open_unit(database) as unit:
                result = await import_accounts(
                    unit=unit, bulk=PostgresBulk(unit.connection), lines=lines, now=clock()
                )
        except ImportRefused as error:
            raise _refused(error.problems) from error
        committed()
        return ImportAnswer(opened=result.opened, existing=result.existing)

    return router


async def _text(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        raise Problem(
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            kind="unsupported-media-type",
            detail=f"Send text/csv, not {kind or 'nothing'}; nothing was imported.",
        )
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise Problem(
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            kind="too-large",
            detail=f"The file is over {BODY_BYTES_MAX} bytes; send it in parts.",
        )
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused([f"the file is not UTF-8: {error}"]) from error


def _parse(text: str, *, now: datetime) -> list[ImportLine]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    adapter = TypeAdapter(AccountLine)
    lines: list[ImportLine] = []
    problems: list[str] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                problems.append(f"line {reader.line_num}: not as many fields as the header")
                continue
            given = {name: value for name, value in row.items() if value != ""}
            try:
                lines.append(_line(reader.line_num, adapter.validate_python(given), now=now))
            except ValidationError as error:
                problems += [
                    f"line {reader.line_num}: {'/'.join(map(str, e['loc']))}: {e['msg']}"
                    for e in error.errors()
                ]
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not lines and not problems:
        problems.append("the file has no lines after its header")
    if problems:
        raise _refused(problems)
    return lines


def _line(number: int, line: AccountLine, *, now: datetime) -> ImportLine:
    account = Account(
        id=new_id(),
        number=line.number,
        currency=line.currency,
        balance_micro=line.opening_balance_micro,
        low_balance_micro=line.low_balance_micro,
        emergency_credit_micro=line.emergency_credit_micro,
        protected=line.protected,
        supply_state=SupplyState.CONNECTED,
        opened_at=now,
    )
    binding = NewBinding(
        id=new_id(),
        account_id=account.id,
        meter_id=line.meter_id,
        tariff_code=line.tariff_code,
        effective_from=line.effective_from,
        effective_to=None,
        opening_wh=line.opening_wh,
    )
    return ImportLine(number, account, binding)


def _refused(problems: list[str] | tuple[str, ...] | object) -> Problem:
    listed = list(problems) if isinstance(problems, list | tuple) else [str(problems)]
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind="import-refused",
        detail=f"{len(listed)} problems; nothing was imported. First: {listed[0]}.",
        problems=listed[:_PROBLEMS_SHOWN],
    )
