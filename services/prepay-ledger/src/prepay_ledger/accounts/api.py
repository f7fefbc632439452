"""Accounts over HTTP: opened, changed, as they stand, and the ledger as a whole."""

from collections.abc import Callable
from dataclasses import fields
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.accounts.change_terms import ChangeTerms
from prepay_ledger.accounts.open_account import open_account
from prepay_ledger.accounts.ports import OpenUnit
from prepay_ledger.accounts.postgres_queries import AccountQueries, AccountView, EntryKey
from prepay_ledger.accounts.schemas import AccountIn, AccountOut, EntryOut, TermsIn, TotalsOut
from prepay_ledger.accounts.values import Terms
from prepay_ledger.agreements.schemas import AgreementOut
from prepay_ledger.balances.payment_reference import payment_reference
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import AccountNumberField, Writer
from prepay_ledger.installations.schemas import InstallationOut
from prepay_ledger.journal.values import SubAccount
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.ids import new_id


def accounts_router(
    *,
    open_unit: OpenUnit,
    queries: AccountQueries,
    change_terms: ChangeTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """What opens and changes accounts. Scope ``ledger:write``."""
    router = APIRouter(
        prefix="/v1/accounts", tags=["accounts"], dependencies=[Depends(require("ledger:write"))]
    )

    @router.post("", status_code=HTTPStatus.CREATED)
    async def open_(body: AccountIn, principal: Writer) -> AccountOut:
        """Open an account with a balance of zero."""
        now = clock()
        account = Account(
            id=new_id(),
            balance_micro=0,
            supply_state=SupplyState.CONNECTED,
            opened_at=now,
            **body.model_dump(exclude={"prepay_agreement"}),
        )
        decided = Decided(by=principal.subject, reason="opened", at=now)
        async with open_unit() as unit:
            await open_account(
                unit=unit, account=account, signed=body.signed(at=now), decided=decided
            )
        committed()
        return _out(account)

    @router.patch("/{account_id}")
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

    return router


def enquiries_router(*, queries: AccountQueries) -> APIRouter:
    """What only looks. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:read"))])

    @router.get("/accounts", tags=["accounts"])
    async def by_number(number: AccountNumberField) -> AccountOut:
        """The account of that number."""
        return _account(await queries.account(number=number), number)

    @router.get("/accounts/{account_id}", tags=["accounts"])
    async def account(account_id: UUID) -> AccountOut:
        """An account with its agreements and the meters that serve it."""
        return _account(await queries.account(account_id=account_id), str(account_id))

    @router.get("/accounts/{account_id}/entries", tags=["accounts"])
    async def entries(
        account_id: UUID,
        page: Annotated[PageRequest[EntryKey], Depends(PagesBy(EntryKey))],
    ) -> Page[EntryOut]:
        """What moved the balance, newest first."""
        rows = await queries.entries(account_id, before=page.after, limit=page.rows_max)
        return page.of(
            rows, key=lambda row: (row.journal_id, row.number), item=EntryOut.model_validate
        )

    @router.get("/totals", tags=["ledger"])
    async def totals() -> TotalsOut:
        """The ledger as a whole, and whether it sums to zero."""
        return TotalsOut.model_validate(await queries.totals())

    return router


def _account(view: AccountView | None, name: str) -> AccountOut:
    if view is None:
        message = f"account {name} does not exist"
        raise UnknownAccount(message)
    out = _out(view.account)
    out.open_micro = view.open_micro
    out.sub_balances_micro = {
        SubAccount(sub): micro for sub, micro in view.sub_balances_micro.items()
    }
    out.agreements = [AgreementOut.model_validate(row) for row in view.agreements]
    out.installations = [InstallationOut.model_validate(row) for row in view.installations]
    return out


def _out(account: Account) -> AccountOut:
    return AccountOut(
        payment_reference=payment_reference(account.number),
        **{each.name: getattr(account, each.name) for each in fields(account)},
    )
