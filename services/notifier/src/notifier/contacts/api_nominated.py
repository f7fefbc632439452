"""``/v1/contacts/{account_id}/nominated``: another person, whom the customer named to be warned."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from notifier.contacts.nominations import Agreement, Nominated, Nomination
from notifier.contacts.ports import AgreedTooLate, EndNomination, FindNominated, NominatePerson
from notifier.contacts.schemas import ContactIn, ContactOut
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import PRINTABLE, Body
from prewatt_common.http.problems import Problem
from prewatt_common.ids import new_id


class AgreementIn(Body):
    """``how`` somebody said that they agree, ``at`` when."""

    how: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
    at: Annotated[
        AwareDatetime,
        Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
    ]


class AgreementOut(BaseModel, from_attributes=True):
    """``how`` somebody said that they agree, ``at`` when."""

    how: str
    at: datetime


class NominatedIn(ContactIn):
    """How the person is reached, and that both agree: the customer to name them, and the person
    to be named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "language": "en",
                    "phone": "+8613900139000",
                    "channels": ["sms"],
                    "customer_agreed": {"how": "by telephone", "at": "2026-03-01T09:00:00Z"},
                    "person_agreed": {"how": "by SMS", "at": "2026-03-02T10:30:00Z"},
                }
            ]
        },
    )

    customer_agreed: AgreementIn
    person_agreed: AgreementIn

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.channels:
            message = "a nominated person who is reached by no channel is not nominated"
            raise ValueError(message)
        return self

    def nomination(self, account_id: UUID, *, by: str) -> Nomination:
        """As ``by`` writes it down; its time is given when it is kept."""
        customer, person = (
            Agreement(each.how, each.at) for each in (self.customer_agreed, self.person_agreed)
        )
        return Nomination(
            id=new_id(),
            contact=self.contact(account_id, Role.NOMINATED),
            customer=customer,
            person=person,
            by=by,
            at=max(customer.at, person.at),
        )


class NominatedOut(ContactOut):
    """Who is nominated. ``is_told`` is false after a STOP of theirs. Written down ``by`` ``at``."""

    customer_agreed: AgreementOut
    person_agreed: AgreementOut
    is_told: bool
    by: str
    at: datetime

    @classmethod
    def of(cls, found: Nominated) -> Self:
        """``found`` as the API shows it."""
        nomination = found.nomination
        return cls(
            **ContactOut.model_validate(found.contact).model_dump(),
            customer_agreed=AgreementOut.model_validate(nomination.customer),
            person_agreed=AgreementOut.model_validate(nomination.person),
            is_told=found.is_told,
            by=nomination.by,
            at=nomination.at,
        )


Writer = Annotated[Principal, Depends(require("notifier:write"))]


def nominated_router(
    *, find: FindNominated, nominate: NominatePerson, end: EndNomination
) -> APIRouter:
    """``/v1/contacts/{account_id}/nominated``."""
    router = APIRouter(prefix="/v1/contacts/{account_id}/nominated", tags=["contacts"])

    @router.put("")
    async def put(account_id: UUID, body: NominatedIn, who: Writer) -> NominatedOut:
        """Name a person who is warned too, in place of who was named before. They are told that
        the account needs attention, and nothing of money; the customer's own notices go as ever.
        The same again changes nothing."""
        try:
            found = await nominate(body.nomination(account_id, by=who.subject))
        except AgreedTooLate as error:
            raise Problem(
                status=HTTPStatus.CONFLICT,
                kind="agreed-too-late",
                detail="An agreement is dated after now: nothing was changed.",
            ) from error
        if found is None:
            detail = f"No contact for account {account_id}; its customer can name nobody."
            raise Problem(status=HTTPStatus.NOT_FOUND, kind="unknown-contact", detail=detail)
        return NominatedOut.of(found)

    @router.get("", dependencies=[Depends(require("notifier:read"))])
    async def get(account_id: UUID) -> NominatedOut:
        """Whom the customer has named, and that both have agreed."""
        found = await find(account_id)
        if found is None:
            raise _nobody(account_id)
        return NominatedOut.of(found)

    @router.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def delete(account_id: UUID, who: Writer) -> Response:
        """End it, and forget the person's addresses, in past notices too; what waits is not sent.
        That both had agreed is kept."""
        if not await end(account_id, by=who.subject):
            raise _nobody(account_id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router


def _nobody(account_id: UUID) -> Problem:
    detail = f"The customer of account {account_id} has named nobody."
    return Problem(status=HTTPStatus.NOT_FOUND, kind="nobody-nominated", detail=detail)
