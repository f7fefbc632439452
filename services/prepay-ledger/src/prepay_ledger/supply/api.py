"""Why the supply stayed, went or came back, over HTTP."""

from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from prepay_ledger.fields import PageById
from prepay_ledger.supply.explain import explain
from prepay_ledger.supply.explain_texts import Language
from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.schemas import CommandOut, DecisionOut, ExplanationOut, HeldByOut
from prepay_ledger.tables import AnyRow
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def supply_router(*, queries: SupplyQueries, zone: ZoneInfo) -> APIRouter:
    """Decisions and commands of an account, and why it has supply or not. Scope ``ledger:read``.
    ``zone``: the utility's, in which times are told."""
    router = APIRouter(
        prefix="/v1", tags=["supply"], dependencies=[Depends(require("ledger:read"))]
    )

    @router.get("/accounts/{account_id}/decisions")
    async def decisions(account_id: UUID, page: PageById) -> Page[DecisionOut]:
        """Why the supply stayed, went or came back, newest first."""
        rows = await queries.decisions(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=_id, item=DecisionOut.model_validate)

    @router.get("/accounts/{account_id}/supply/explanation")
    async def explanation(account_id: UUID, language: Language = Language.EN) -> ExplanationOut:
        """Why the account has supply or not, in words that a customer understands: with the
        numbers, what holds a cut and until when, and what brings supply back."""
        account, owed_micro, last = await queries.explained(account_id)
        said = explain(account, last, owed_micro=owed_micro, language=language, zone=zone)
        return ExplanationOut(
            account_id=account_id,
            state=account.supply_state,
            language=said.language,
            text=said.text,
            balance_micro=account.balance_micro,
            owed_micro=owed_micro,
            to_pay_micro=said.to_pay_micro,
            holds=[HeldByOut.model_validate(each) for each in said.holds],
            decision_id=last.id if last else None,
        )

    @router.get("/accounts/{account_id}/commands")
    async def commands(account_id: UUID, page: PageById) -> Page[CommandOut]:
        """The relay commands of the account, newest first."""
        rows = await queries.commands(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=_id, item=CommandOut.model_validate)

    return router


def _id(row: AnyRow) -> UUID:
    return row.id
