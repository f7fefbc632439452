"""``/v1/contacts``. What is personal stays in this service."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, BeforeValidator, Field

from notifier.contacts.ports import ForgetCustomer, OpenContacts
from notifier.contacts.schemas import ContactIn, ContactOut
from notifier.contacts.values import Channel, Contact, problems_of
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.csv_upload import CsvLines, import_refused
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
    reads: bool | None = None


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
        "wechat_openid, chat and reads may be there. What is left out is taken away, but for "
        "reads: that stays as it was.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(
        lines: Annotated[
            list[tuple[int, ContactLine]], Depends(CsvLines(ContactLine, unique="account_id"))
        ],
    ) -> ImportAnswer:
        async with open_contacts() as store:
            read = await store.hold_reads([line.account_id for _, line in lines])
            contacts = [_contact(line, line.account_id, read) for _, line in lines]
            problems = [
                f"line {number}: {problem}"
                for (number, _), contact in zip(lines, contacts, strict=True)
                for problem in problems_of(contact)
            ]
            if problems:
                raise import_refused(problems)
            await store.put(contacts)
        return ImportAnswer(imported=len(contacts))

    @router.put("/{account_id}", dependencies=[writes])
    async def put(account_id: UUID, body: ContactIn) -> ContactOut:
        """Add or replace: an address, channel or zone that is not given is taken away. `reads`
        alone, which says who the customer is and not where, stays as it was where it is not given.
        Notices already made keep their recipient."""
        async with open_contacts() as store:
            contact = _contact(body, account_id, await store.hold_reads([account_id]))
            if problems := problems_of(contact):
                raise _unusable(problems)
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


def _contact(body: ContactIn, account_id: UUID, read: Mapping[UUID, bool]) -> Contact:
    return body.contact(account_id, read_before=read.get(account_id, True))


def _unusable(problems: Sequence[str]) -> Problem:
    """Together with what was known before; by itself the body was checked as it was read."""
    detail = f"{'; '.join(problems)}. Nothing was changed."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status=status, kind="unusable-contact", detail=detail)


def _unknown(account_id: UUID) -> Problem:
    detail = f"No contact for account {account_id}; its notices use the default channel."
    return Problem(status=HTTPStatus.NOT_FOUND, kind="unknown-contact", detail=detail)
