"""Accounts with their agreements and meters as CSV."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from prepay_ledger.accounts.import_accounts import ImportAccounts, ImportRefused
from prepay_ledger.accounts.ports import OpenUnit
from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import (
    AccountNumberField,
    CurrencyField,
    DayField,
    InstantField,
    MeterIdField,
    MicroUnits,
    RegisterField,
    TariffCodeField,
    Writer,
)
from prepay_ledger.installations.schemas import (
    ModulusWh,
    Multiplier,
    ResolutionWh,
    ShortText,
    Watts,
)
from prepay_ledger.installations.values import InstalledMeter, Meter
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines, import_refused
from prewatt_common.ids import new_id

ValueT = TypeVar("ValueT")
OrEmpty = Annotated[ValueT | None, BeforeValidator(lambda text: None if text == "" else text)]
"""A column that is empty where nothing is known."""


class AccountLine(BaseModel):
    """The columns of an import; those with a default may be left out, or be empty where they may be
    unknown."""

    model_config = ConfigDict(extra="forbid")

    number: AccountNumberField
    currency: CurrencyField
    tariff_code: TariffCodeField
    first_day: DayField
    meter_id: MeterIdField
    begins_at: InstantField
    opening_wh: OrEmpty[RegisterField] = None
    opening_balance_micro: Annotated[int, Field(ge=-(10**15), le=10**15)] = 0
    low_balance_micro: MicroUnits = 0
    emergency_credit_micro: MicroUnits = 0
    protected: bool = False
    multiplier: Multiplier = 1
    household: bool = True
    serial_number: OrEmpty[ShortText] = None
    modulus_wh: OrEmpty[ModulusWh] = None
    resolution_wh: ResolutionWh = 0
    max_w: OrEmpty[Watts] = None


class ImportAnswer(BaseModel):
    """Accounts opened, and accounts that were there before and were left as they are."""

    opened: int
    existing: int


def imports_router(
    *,
    open_unit: OpenUnit,
    import_accounts: ImportAccounts,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``POST /v1/accounts/import``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:write"))])
    columns = ", ".join(AccountLine.model_fields)

    @router.post(
        "/accounts/import",
        tags=["accounts"],
        description=f"All or nothing; sent again it changes nothing. Columns: {columns}.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(
        read: Annotated[list[tuple[int, AccountLine]], Depends(CsvLines(AccountLine))],
        principal: Writer,
    ) -> ImportAnswer:
        now = clock()
        lines = [_line(number, line, now=now) for number, line in read]
        decided = Decided(by=principal.subject, reason="import", at=now)
        try:
            async with open_unit() as unit:
                result = await import_accounts(unit=unit, lines=lines, decided=decided)
        except ImportRefused as error:
            raise import_refused(error.problems) from error
        committed()
        return ImportAnswer(opened=result.opened, existing=result.existing)

    return router


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
    return ImportLine(
        number,
        account,
        Agreement(
            id=new_id(),
            account_id=account.id,
            tariff_code=line.tariff_code,
            first_day=line.first_day,
        ),
        InstalledMeter(
            id=new_id(),
            meter_id=line.meter_id,
            account_id=account.id,
            begins_at=line.begins_at,
            opening_wh=line.opening_wh,
            multiplier=line.multiplier,
        ),
        _meter(line),
    )


def _meter(line: AccountLine) -> Meter | None:
    meter = Meter(
        meter_id=line.meter_id,
        household=line.household,
        serial_number=line.serial_number,
        modulus_wh=line.modulus_wh,
        resolution_wh=line.resolution_wh,
        max_w=line.max_w,
    )
    return None if meter == Meter(meter_id=line.meter_id) else meter
