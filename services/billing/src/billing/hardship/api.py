"""``/v1/hardship``: flags for a person, in lists and in words; who looked is kept.

Scope ``billing:hardship``, apart from ``billing:read``: it is for those who call households.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from billing.hardship.acknowledge import acknowledge
from billing.hardship.explain import explain
from billing.hardship.explain_texts import Language
from billing.hardship.ports import Desk, OpenDesk, OpenPolicies
from billing.hardship.refusals import UnknownFlag
from billing.hardship.schemas import (
    AcknowledgementIn,
    AcknowledgementOut,
    ExplanationOut,
    FlagOut,
    IdempotencyKey,
    LookOut,
    WholeFlagOut,
    flag_out,
    whole_flag_out,
)
from billing.hardship.values import Acknowledgement, Flag, Level
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.ids import new_id

SCOPE = "billing:hardship"
Person = Annotated[Principal, Depends(require(SCOPE))]
"""Whoever asks, named by the token."""
PageById = Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]


def hardship_router(*, open_desk: OpenDesk, open_policies: OpenPolicies, clock: Clock) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/v1/hardship", tags=["hardship"])

    @router.get("/flags")
    async def flags(
        *,
        page: PageById,
        person: Person,
        account_id: UUID | None = None,
        level: Level | None = None,
        standing: Annotated[bool | None, Query(description="Whether it has not ended.")] = None,
        acknowledged: Annotated[
            bool | None, Query(description="Whether a person has dealt with it.")
        ] = None,
    ) -> Page[FlagOut]:
        """Households that may run out of money and go without, the newest first. None of them is a
        reason to cut. Who asked is kept."""
        async with open_desk() as desk:
            rows = await desk.flags(
                account_id=account_id,
                level=level,
                standing=standing,
                acknowledged=acknowledged,
                before=page.after,
                limit=page.rows_max,
            )
            await desk.looked(by=person.subject, what="list", account_id=account_id, now=clock())
        return page.of(rows, key=lambda row: row[0].id, item=flag_out)

    @router.get("/flags/{flag_id}")
    async def flag(flag_id: UUID, person: Person) -> WholeFlagOut:
        """One household's flag, with its numbers and all that was done. Who asked is kept."""
        async with open_desk() as desk:
            found = await _found(desk, flag_id)
            await desk.looked(
                by=person.subject, what="flag", account_id=found.account_id, now=clock()
            )
            account = await desk.account(found.account_id)
            return whole_flag_out(
                found,
                number=account and account[0],
                history=await desk.history(flag_id),
                acknowledgements=await desk.acknowledgements(flag_id),
            )

    @router.get("/flags/{flag_id}/explanation")
    async def explanation(
        flag_id: UUID, person: Person, language: Language = Language.EN
    ) -> ExplanationOut:
        """Why a household is shown, in words: what was seen, and from where on it is shown. Who
        asked is kept."""
        async with open_desk() as desk:
            found = await _found(desk, flag_id)
            await desk.looked(
                by=person.subject, what="explanation", account_id=found.account_id, now=clock()
            )
            account = await desk.account(found.account_id)
        async with open_policies() as policies:
            policy = await policies.policy(found.policy_version)
        number, currency = account or (str(found.account_id), None)
        text = explain(found, policy=policy, number=number, currency=currency, language=language)
        return ExplanationOut(
            flag_id=flag_id, account_id=found.account_id, language=language, text=text
        )

    @router.post("/flags/{flag_id}/acknowledge")
    async def acknowledging(
        flag_id: UUID, body: AcknowledgementIn, key: IdempotencyKey, person: Person
    ) -> AcknowledgementOut:
        """Say what was done. The account is not shown anew for the policy's `rest_days`; its supply
        is as it was. The same again changes nothing."""
        done = Acknowledgement(
            id=new_id(),
            flag_id=flag_id,
            at=clock(),
            by=person.subject,
            action=body.action,
            note=body.note,
        )
        async with open_desk() as desk:
            kept = await acknowledge(desk=desk, done=done, key=key)
        return AcknowledgementOut.model_validate(kept)

    return router


def looks_router(*, open_desk: OpenDesk) -> APIRouter:
    """Who looked, for whoever answers for it."""
    router = APIRouter(prefix="/v1/hardship", tags=["hardship"])

    @router.get("/looks", dependencies=[Depends(require("billing:write"))])
    async def looks(page: PageById, account_id: UUID | None = None) -> Page[LookOut]:
        """Who saw which household's flag, and when, the newest first."""
        async with open_desk() as desk:
            rows = await desk.looks(account_id=account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=LookOut.model_validate)

    return router


async def _found(desk: Desk, flag_id: UUID) -> Flag:
    found = await desk.flag(flag_id)
    if found is None:
        message = f"there is no hardship flag {flag_id}"
        raise UnknownFlag(message)
    return found
