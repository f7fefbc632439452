"""``/v1/contacts/{account_id}/consents``: what a customer wants to be told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from notifier.contacts.consents import Consent, Purpose, declined
from notifier.contacts.ports import OpenConsents
from notifier.contacts.set_consents import MayNotBeRefused, SetConsents
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.problems import Problem


class ConsentsIn(BaseModel):
    """Purposes that are not named stay as they are. ``how``: the way the customer said so."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"purposes": {"news": False, "campaigns": False}, "how": "by telephone"}]
        },
    )

    purposes: Annotated[Mapping[Purpose, bool], Field(min_length=1)]
    how: Annotated[str, Field(min_length=1, max_length=200)]


class ConsentOut(BaseModel):
    """``told``: whether notices of this purpose go out. ``given`` is what the customer has said of
    it, ``at``, ``how`` and written down ``by`` whom; nothing where nothing was said."""

    purpose: Purpose
    told: bool
    may_be_refused: bool
    given: bool | None
    at: datetime | None
    how: str | None
    by: str | None


class ConsentsOut(BaseModel):
    """One for each purpose."""

    account_id: UUID
    consents: list[ConsentOut]


def consents_router(
    *, open_consents: OpenConsents, set_consents: SetConsents, refusable: Collection[Purpose]
) -> APIRouter:
    """``/v1/contacts/{account_id}/consents``."""
    router = APIRouter(prefix="/v1/contacts", tags=["contacts"])

    @router.get("/{account_id}/consents", dependencies=[Depends(require("notifier:read"))])
    async def get(account_id: UUID) -> ConsentsOut:
        """What the customer wants to be told."""
        async with open_consents() as store:
            if not await store.is_known(account_id):
                raise _unknown(account_id)
            said = await store.of(account_id)
        return _answer(account_id, said, refusable)

    @router.put("/{account_id}/consents")
    async def put(
        account_id: UUID,
        body: ConsentsIn,
        who: Annotated[Principal, Depends(require("notifier:write"))],
    ) -> ConsentsOut:
        """Give or withdraw. What was said before is kept; notices already made still go. The same
        again changes nothing."""
        try:
            said = await set_consents(account_id, body.purposes, how=body.how, by=who.subject)
        except MayNotBeRefused as refused:
            raise Problem(
                status=HTTPStatus.CONFLICT,
                kind="may-not-be-refused",
                detail=f"Customers are told of {refused} whatever they want; nothing was changed. "
                "What may be refused is PREWATT_REFUSABLE_PURPOSES.",
            ) from refused
        if said is None:
            raise _unknown(account_id)
        return _answer(account_id, said, refusable)

    return router


def _answer(
    account_id: UUID, said: Sequence[Consent], refusable: Collection[Purpose]
) -> ConsentsOut:
    untold = declined(said, refusable=refusable)
    by_purpose = {each.purpose: each for each in said}
    return ConsentsOut(
        account_id=account_id,
        consents=[
            ConsentOut(
                purpose=purpose,
                told=purpose not in untold,
                may_be_refused=purpose in refusable,
                given=consent.given if consent else None,
                at=consent.at if consent else None,
                how=consent.how if consent else None,
                by=consent.by if consent else None,
            )
            for purpose in Purpose
            for consent in [by_purpose.get(purpose)]
        ],
    )


def _unknown(account_id: UUID) -> Problem:
    detail = f"No contact for account {account_id}; consents are of contacts."
    return Problem(status=HTTPStatus.NOT_FOUND, kind="unknown-contact", detail=detail)
