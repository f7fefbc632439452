"""Accounts and bindings as CSV."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from prepay_ledger.accounts.import_accounts import ImportAccounts, ImportRefused
from prepay_ledger.accounts.ports import OpenUnit
from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.balances.values import Account
from prepay_ledger.fields import (
    AccountNumberField,
    CurrencyField,
    InstantField,
    MeterIdField,
    MicroUnits,
    RegisterField,
    TariffCodeField,
)
from prepay_ledger.installations.values import NewBinding
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines, import_refused
from prewatt_common.ids import new_id


class AccountLine(BaseModel):
    """The columns of an import; those with a default may be left out."""

    model_config = ConfigDict(extra="forbid")

    number: AccountNumberField
    currency: CurrencyField
    meter_id: MeterIdField
    tariff_code: TariffCodeField
    effective_from: InstantField
    opening_wh: RegisterField
    opening_balance_micro: Annotated[int, Field(ge=-(10**15), le=10**15)] = 0
    low_balance_micro: MicroUnits = 0
    emergency_credit_micro: MicroUnits = 0
    protected: bool = False


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
    ) -> ImportAnswer:
        now = clock()
        lines = [_line(number, line, now=now) for number, line in read]
        try:
            async with open_unit() as unit:
                result = await import_accounts(unit=unit, lines=lines, now=now)
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
