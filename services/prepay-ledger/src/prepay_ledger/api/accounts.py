"""Accounts, tariffs, bindings, and why things happened to them."""

from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from sqlalchemy.exc import IntegrityError

from prepay_ledger.adapters.postgres.queries import LedgerQueries
from prepay_ledger.api.schemas import (
    AccountIn,
    AccountOut,
    BindingEnd,
    BindingIn,
    BindingOut,
    CommandOut,
    DecisionOut,
    EntryOut,
    Page,
    PaymentOut,
    TariffIn,
    TariffOut,
    TotalsOut,
)
from prepay_ledger.application.manage_accounts import (
    BindingRefused,
    BindMeter,
    DuplicateAccount,
    DuplicateTariff,
    UnknownAccount,
    end_binding,
    open_account,
    publish_tariff,
)
from prepay_ledger.application.ports import Unit
from prepay_ledger.domain.accounts import Account, NewBinding
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem
from prewatt_common.ids import new_id
from prewatt_metering.months import BillingMonth
from prewatt_metering.tariffs import Block, Tariff, TariffVersion

READ = Depends(require("ledger:read"))
WRITE = Depends(require("ledger:write"))
Limit = Annotated[int, Query(ge=1, le=1000)]


def commands_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
    bind_meter: BindMeter,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """What changes something. Scope ``ledger:write``."""
    router = APIRouter(prefix="/v1", dependencies=[WRITE])

    @router.post("/tariffs", status_code=HTTPStatus.CREATED, tags=["tariffs"])
    async def publish(body: TariffIn) -> TariffIn:
        """Publish a tariff version; it is never changed, a later month may have another."""
        async with open_unit() as unit:
            with _refusals():
                await publish_tariff(unit=unit, version=_version(body), now=clock())
        committed()
        return body

    @router.post("/accounts", status_code=HTTPStatus.CREATED, tags=["accounts"])
    async def open_(body: AccountIn) -> AccountOut:
        """Open an account with a balance of zero."""
        account = Account(
            id=new_id(),
            balance_micro=0,
            supply_state=SupplyState.CONNECTED,
            opened_at=clock(),
            **body.model_dump(),
        )
        async with open_unit() as unit:
            with _refusals():
                await open_account(unit=unit, account=account)
        committed()
        return AccountOut(**{name: getattr(account, name) for name in account.__slots__})

    @router.post("/accounts/{account_id}/meters", status_code=HTTPStatus.CREATED, tags=["accounts"])
    async def bind(account_id: UUID, body: BindingIn) -> BindingOut:
        """A meter begins to serve the account; readings that waited for it are charged."""
        binding = NewBinding(
            id=new_id(), account_id=account_id, effective_to=None, **body.model_dump()
        )
        async with open_unit() as unit:
            with _refusals():
                await bind_meter(unit=unit, binding=binding, now=clock())
        committed()
        return BindingOut.model_validate(binding)

    @router.post("/meters/{meter_id}/end", tags=["accounts"])
    async def end(meter_id: str, body: BindingEnd) -> BindingOut:
        """The meter ceases to serve its account."""
        async with open_unit() as unit:
            with _refusals():
                ended = await end_binding(
                    unit=unit, meter_id=meter_id, effective_to=body.effective_to, now=clock()
                )
        committed()
        return BindingOut.model_validate(ended)

    return router


def queries_router(*, queries: LedgerQueries) -> APIRouter:
    """What only looks. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[READ])

    @router.get("/tariffs", tags=["tariffs"])
    async def tariffs() -> list[TariffOut]:
        """Every tariff version."""
        return [TariffOut(**row) for row in await queries.tariffs()]

    @router.get("/accounts", tags=["accounts"])
    async def by_number(number: str) -> AccountOut:
        """The account of that number."""
        return _account(await queries.account(number=number), number)

    @router.get("/accounts/{account_id}", tags=["accounts"])
    async def account(account_id: UUID) -> AccountOut:
        """An account with the meters that serve it."""
        return _account(await queries.account(account_id=account_id), str(account_id))

    @router.get("/accounts/{account_id}/entries", tags=["accounts"])
    async def entries(account_id: UUID, before: int | None = None, limit: Limit = 100) -> Page:
        """What moved the balance, newest first."""
        rows = await queries.entries(account_id, before=before, limit=limit)
        found = [EntryOut(**row) for row in rows]
        return Page(entries=found, next=found[-1].journal_id if len(found) == limit else None)

    @router.get("/accounts/{account_id}/decisions", tags=["supply"])
    async def decisions(account_id: UUID, limit: Limit = 100) -> list[DecisionOut]:
        """Why the supply stayed, went or came back, newest first."""
        return [DecisionOut(**row) for row in await queries.decisions(account_id, limit=limit)]

    @router.get("/accounts/{account_id}/commands", tags=["supply"])
    async def commands(account_id: UUID, limit: Limit = 100) -> list[CommandOut]:
        """The relay commands of the account, newest first."""
        return [CommandOut(**row) for row in await queries.commands(account_id, limit=limit)]

    @router.get("/payments", tags=["payments"])
    async def payments(outcome: str | None = None, limit: Limit = 100) -> list[PaymentOut]:
        """Payments, newest first; ``outcome=suspense`` is money that nobody could place."""
        return [PaymentOut(**row) for row in await queries.payments(outcome=outcome, limit=limit)]

    @router.get("/totals", tags=["ledger"])
    async def totals() -> TotalsOut:
        """The ledger as a whole, and whether it sums to zero."""
        found = await queries.totals()
        return TotalsOut(
            accounts_by_state=dict(found.accounts_by_state),
            accounts_below_zero=found.accounts_below_zero,
            balances_micro=found.balances_micro,
            postings_micro=dict(found.postings_micro),
            imbalance_micro=found.imbalance_micro,
            entries_differ_micro=found.balances_micro - found.entries_micro,
            unbound_readings=found.unbound_readings,
        )

    return router


def _account(row: Any, name: str) -> AccountOut:
    if row is None:
        raise Problem(
            status=HTTPStatus.NOT_FOUND, kind="unknown-account", detail=f"No account {name}."
        )
    return AccountOut(**{**row, "bindings": [BindingOut(**b) for b in row["bindings"]]})


_REFUSALS = {
    DuplicateAccount: (HTTPStatus.CONFLICT, "duplicate-account"),
    DuplicateTariff: (HTTPStatus.CONFLICT, "duplicate-tariff"),
    BindingRefused: (HTTPStatus.CONFLICT, "refused"),
    UnknownAccount: (HTTPStatus.NOT_FOUND, "unknown-account"),
}


@contextmanager
def _refusals() -> Generator[None]:
    """Turns the use cases' refusals into problems."""
    try:
        yield
    except tuple(_REFUSALS) as error:
        status, kind = _REFUSALS[type(error)]
        raise Problem(status=status, kind=kind, detail=f"{error}.") from error
    except IntegrityError as error:
        raise Problem(
            status=HTTPStatus.CONFLICT,
            kind="conflict",
            detail="Somebody else made the same at the same time; nothing was changed.",
        ) from error


def _version(body: TariffIn) -> TariffVersion:
    """Raises a 422 problem for a timezone or blocks that make no tariff."""
    try:
        return _checked_version(body)
    except (KeyError, ValueError, OSError) as error:
        raise Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-tariff",
            detail=f"{error}; nothing was published.",
        ) from error


def _checked_version(body: TariffIn) -> TariffVersion:
    zone = ZoneInfo(body.timezone)
    return TariffVersion(
        code=body.code,
        effective_from=BillingMonth.parse(body.effective_from),
        currency=body.currency,
        timezone=zone.key,
        tariff=Tariff(
            blocks=tuple(
                Block(upto_wh=b.upto_wh, price_micro_per_kwh=b.price_micro_per_kwh)
                for b in body.blocks
            ),
            standing_micro_per_day=body.standing_micro_per_day,
            tax_bp=body.tax_bp,
        ),
    )
