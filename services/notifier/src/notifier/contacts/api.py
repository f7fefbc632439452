"""``/v1/contacts``. What is personal stays in this service."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, BeforeValidator, Field

from notifier.contacts.ports import ForgetCustomer, OpenContacts
from notifier.contacts.schemas import ContactIn, ContactOut
from notifier.contacts.values import Channel
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.problems import Problem


def _split(value: object) -> object:
    return value.split(";") if isinstance(value, str) else value


class ContactLine(ContactIn):
    """A line of a CSV file."""

    account_id: UUID
    channels: Annotated[
        list[Channel],
        Field(max_length=len(Channel), default_factory=list[Channel]),
        BeforeValidator(_split),
    ]
    reads: bool = True


class ImportAnswer(BaseModel):
    """How many contacts were added or replaced."""

    imported: int


def contacts_router(*, open_contacts: OpenContacts, forget: ForgetCustomer) -> APIRouter:
    """``/v1/contacts``."""
    router = APIRouter(prefix="/v1/contacts", tags=["contacts"])
    reads = Depends(require("notifier:read"))
    writes = Depends(require("notifier:write"))

    # Before the routes with an id: "import" is none.
    @router.post(
        "/import",
        dependencies=[writes],
        description="All or nothing; replaces the contacts there are. Columns: account_id, "
        "language, email, phone, channels (in order, separated by semicolons); timezone, "
        "wechat_openid, chat and reads may be there.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(
        lines: Annotated[
            list[tuple[int, ContactLine]], Depends(CsvLines(ContactLine, unique="account_id"))
        ],
    ) -> ImportAnswer:
        contacts = [line.contact(line.account_id) for _, line in lines]
        async with open_contacts() as store:
            await store.put(contacts)
        return ImportAnswer(imported=len(contacts))

    @router.put("/{account_id}", dependencies=[writes])
    async def put(account_id: UUID, body: ContactIn) -> ContactOut:
        """Add or replace. Notices already made keep their recipient."""
        contact = body.contact(account_id)
        async with open_contacts() as store:
            await store.put([contact])
        return ContactOut.model_validate(contact)

    @router.get("/{account_id}", dependencies=[reads])
    async def get(account_id: UUID) -> ContactOut:
        """How the customer is reached."""
        async with open_contacts() as store:
            contact = await store.get(account_id)
        if contact is None:
            raise _unknown(account_id)
        return ContactOut.model_validate(contact)

    @router.delete("/{account_id}", status_code=HTTPStatus.NO_CONTENT)
    async def delete(
        account_id: UUID, who: Annotated[Principal, Depends(require("notifier:write"))]
    ) -> Response:
        """Forget the customer's addresses, in past notices too, and those of whom they have named;
        what waits is not sent."""
        if not await forget(account_id, by=who.subject):
            raise _unknown(account_id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router


def _unknown(account_id: UUID) -> Problem:
    detail = f"No contact for account {account_id}; its notices use the default channel."
    return Problem(status=HTTPStatus.NOT_FOUND, kind="unknown-contact", detail=detail)
