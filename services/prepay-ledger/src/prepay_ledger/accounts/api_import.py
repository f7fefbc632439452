"""Accounts with their agreements and meters as CSV."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, Self, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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
from prepay_ledger.prepay_agreements.schemas import (
    PlainNameField,
    PrepayTermsIn,
    ReferenceField,
    Sha256Field,
)
from prepay_ledger.prepay_agreements.values import (
    ContactChannel,
    PrepayTerms,
    Reconnection,
    direct_terms,
)
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Mode
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines, import_refused
from prewatt_common.ids import new_id

ValueT = TypeVar("ValueT")
OrEmpty = Annotated[ValueT | None, BeforeValidator(lambda text: None if text == "" else text)]
"""A column that is empty where nothing is known."""


class AccountLine(BaseModel):
    """The columns of an import; those with a default may be left out, or be empty where they may be
    unknown. From ``jurisdiction`` on: what the customer has signed about prepayment, by the limits
    of the line; all of them, but for those that have a default, or none. ``contacts``: channels,
    with a space between two."""

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
    overdraft_micro: MicroUnits = 0
    protected: bool = False
    multiplier: Multiplier = 1
    household: bool = True
    serial_number: OrEmpty[ShortText] = None
    modulus_wh: OrEmpty[ModulusWh] = None
    resolution_wh: ResolutionWh = 0
    max_w: OrEmpty[Watts] = None
    jurisdiction: OrEmpty[PlainNameField] = None
    customer_class: PlainNameField = ANY_CLASS
    mode: Mode = Mode.PREPAY
    contacts: OrEmpty[ShortText] = None
    reconnection: Reconnection = Reconnection.DIRECT
    signed_at: OrEmpty[InstantField] = None
    signed_by: OrEmpty[ReferenceField] = None
    paper_reference: OrEmpty[ReferenceField] = None
    paper_sha256: OrEmpty[Sha256Field] = None

    @property
    def signed(self) -> PrepayTerms | None:
        """What was signed; none where the line says nothing of it."""
        if self.jurisdiction is None:
            return None  # nor has it any other of these
        own = {name: getattr(self, name) for name in _SIGNED}
        given: dict[str, object] = {
            **own,
            "contacts": (self.contacts or "").split(),
            "customer_class": self.customer_class,
            "mode": self.mode,
            "reconnection": self.reconnection,
            "warning_micro": self.low_balance_micro,
            "overdraft_micro": self.overdraft_micro,
        }
        return PrepayTermsIn.model_validate(given).terms

    @model_validator(mode="after")
    def _signed_whole_or_not_at_all(self) -> Self:
        given = self.model_fields_set.intersection(_SIGNED)
        lacking = [name for name in _SIGNED if getattr(self, name) is None] if given else _SIGNED
        if lacking and len(lacking) < len(_SIGNED):
            message = f"a prepay agreement needs {', '.join(lacking)} too"
            raise ValueError(message)
        unknown = [each for each in (self.contacts or "").split() if each not in _CHANNELS]
        if unknown:
            message = f"{', '.join(unknown)} is no channel: {', '.join(sorted(_CHANNELS))} are"
            raise ValueError(message)
        return self


_SIGNED = (
    "jurisdiction", "contacts", "signed_at", "signed_by", "paper_reference", "paper_sha256",
)  # fmt: skip
_CHANNELS = frozenset(each.value for each in ContactChannel)


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
        prepay_agreement: Annotated[
            Literal["direct"] | None,
            Query(
                description="What lines that tell of no prepay agreement get: `direct`, a complete "
                "one without steps, for demonstrations and tests; left out: none, and such "
                "accounts are not cut by themselves."
            ),
        ] = None,
    ) -> ImportAnswer:
        now = clock()
        is_direct = prepay_agreement == "direct"
        lines = [_line(number, line, now=now, is_direct=is_direct) for number, line in read]
        decided = Decided(by=principal.subject, reason="import", at=now)
        try:
            async with open_unit() as unit:
                result = await import_accounts(unit=unit, lines=lines, decided=decided)
        except ImportRefused as error:
            raise import_refused(error.problems) from error
        committed()
        return ImportAnswer(opened=result.opened, existing=result.existing)

    return router


def _line(number: int, line: AccountLine, *, now: datetime, is_direct: bool) -> ImportLine:
    account = Account(
        id=new_id(),
        number=line.number,
        currency=line.currency,
        balance_micro=line.opening_balance_micro,
        low_balance_micro=line.low_balance_micro,
        overdraft_micro=line.overdraft_micro,
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
        line.signed or (_direct(account) if is_direct else None),
    )


def _direct(account: Account) -> PrepayTerms:
    return direct_terms(
        number=account.number,
        low_balance_micro=account.low_balance_micro,
        overdraft_micro=account.overdraft_micro,
        at=account.opened_at,
    )


_KNOWN_OF_METER = ("household", "serial_number", "modulus_wh", "resolution_wh", "max_w")


def _meter(line: AccountLine) -> Meter | None:
    if line.model_fields_set.isdisjoint(_KNOWN_OF_METER):
        return None
    meter = Meter(meter_id=line.meter_id, **{name: getattr(line, name) for name in _KNOWN_OF_METER})
    return None if meter == Meter(meter_id=line.meter_id) else meter
