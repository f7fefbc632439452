"""Accounts, bindings, and why things happened to them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

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
    TermsIn,
    TotalsOut,
)
from prepay_ledger.application.bind_meters import BindMeter
from prepay_ledger.application.change_terms import ChangeTerms
from prepay_ledger.application.manage_accounts import end_binding, open_account
from prepay_ledger.application.ports import Unit
from prepay_ledger.domain.accounts import Account, NewBinding, Terms
from prepay_ledger.fields import AccountNumberField, Limit, MeterIdField
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem
from prewatt_common.ids import new_id

READ = Depends(require("ledger:read"))
WRITE = Depends(require("ledger:write"))
JournalId = Annotated[int, Query(ge=0, lt=2**63)]


def commands_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
    queries: LedgerQueries,
    bind_meter: BindMeter,
    change_terms: ChangeTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """What changes something. Scope ``ledger:write``."""
    router = APIRouter(prefix="/v1", dependencies=[WRITE])

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
            await open_account(unit=unit, account=account)
        committed()
        return AccountOut(**{name: getattr(account, name) for name in account.__slots__})

    @router.patch("/accounts/{account_id}", tags=["accounts"])
    async def change(account_id: UUID, body: TermsIn) -> AccountOut:
        """Change limits or protection; the supply is decided anew with them."""
        async with open_unit() as unit:
            await change_terms(
                unit=unit,
                account_id=account_id,
                terms=Terms(**body.model_dump()),
                now=clock(),
            )
        committed()
        return _account(await queries.account(account_id=account_id), str(account_id))

    @router.post("/accounts/{account_id}/meters", status_code=HTTPStatus.CREATED, tags=["accounts"])
    async def bind(account_id: UUID, body: BindingIn) -> BindingOut:
        """A meter begins to serve the account; readings that waited for it are charged."""
        binding = NewBinding(
            id=new_id(), account_id=account_id, effective_to=None, **body.model_dump()
        )
        async with open_unit() as unit:
            await bind_meter(unit=unit, binding=binding, now=clock())
        committed()
        return BindingOut.model_validate(binding)

    @router.post("/meters/{meter_id}/end", tags=["accounts"])
    async def end(meter_id: MeterIdField, body: BindingEnd) -> BindingOut:
        """The meter ceases to serve its account."""
        async with open_unit() as unit:
            ended = await end_binding(
                unit=unit, meter_id=meter_id, effective_to=body.effective_to, now=clock()
            )
        committed()
        return BindingOut.model_validate(ended)

    return router


def queries_router(*, queries: LedgerQueries) -> APIRouter:
    """What only looks. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[READ])

    @router.get("/accounts", tags=["accounts"])
    async def by_number(number: AccountNumberField) -> AccountOut:
        """The account of that number."""
        return _account(await queries.account(number=number), number)

    @router.get("/accounts/{account_id}", tags=["accounts"])
    async def account(account_id: UUID) -> AccountOut:
        """An account with the meters that serve it."""
        return _account(await queries.account(account_id=account_id), str(account_id))

    @router.get("/accounts/{account_id}/entries", tags=["accounts"])
    async def entries(
        account_id: UUID, before: JournalId | None = None, limit: Limit = 100
    ) -> Page:
        """What moved the balance, newest first."""
        rows = await queries.entries(account_id, before=before, limit=limit)
        found = [EntryOut(**row) for row in rows]
        return Page(entries=found, next=found[-1].journal_id if len(found) >= limit else None)

    @router.get("/accounts/{account_id}/decisions", tags=["supply"])
    async def decisions(account_id: UUID, limit: Limit = 100) -> list[DecisionOut]:
        """Why the supply stayed, went or came back, newest first."""
        return [DecisionOut(**row) for row in await queries.decisions(account_id, limit=limit)]

    @router.get("/accounts/{account_id}/commands", tags=["supply"])
    async def commands(account_id: UUID, limit: Limit = 100) -> list[CommandOut]:
        """The relay commands of the account, newest first."""
        return [CommandOut(**row) for row in await queries.commands(account_id, limit=limit)]

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
