"""Contacts over HTTP. What is personal stays in this service."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from notifier.api.schemas import ContactIn, ContactLine, ContactOut, ImportAnswer
from notifier.application.ports import ContactStore
from notifier.domain.notices import Status
from notifier.metrics import NOTICES
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.problems import Problem

OpenContacts = Callable[[], AbstractAsyncContextManager[ContactStore]]


def contacts_router(*, open_contacts: OpenContacts) -> APIRouter:
    """``/v1/contacts``."""
    router = APIRouter(prefix="/v1/contacts", tags=["contacts"])
    reads = Depends(require("notifier:read"))
    writes = Depends(require("notifier:write"))

    # Before the routes with an id: "import" is none.
    @router.post(
        "/import",
        dependencies=[writes],
        description="All or nothing; replaces the contacts there are. Columns: account_id, "
        "language, email, phone, channels (in order, separated by semicolons).",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(
        lines: Annotated[
            list[tuple[int, ContactLine]], Depends(CsvLines(ContactLine, unique="account_id"))
        ],
    ) -> ImportAnswer:
        contacts = [line.contact() for _, line in lines]
        async with open_contacts() as store:
            await store.put(contacts)
        return ImportAnswer(imported=len(contacts))

    @router.put("/{account_id}", dependencies=[writes])
    async def put(account_id: UUID, body: ContactIn) -> ContactOut:
        """Add or replace. Notices already made keep their recipient."""
        contact = body.contact(account_id)
        async with open_contacts() as store:
            await store.put([contact])
        return ContactOut.of(contact)

    @router.get("/{account_id}", dependencies=[reads])
    async def get(account_id: UUID) -> ContactOut:
        """How the customer is reached."""
        async with open_contacts() as store:
            contact = await store.get(account_id)
        if contact is None:
            raise _unknown(account_id)
        return ContactOut.of(contact)

    @router.delete("/{account_id}", dependencies=[writes], status_code=HTTPStatus.NO_CONTENT)
    async def delete(account_id: UUID) -> Response:
        """Forget the customer's addresses, in past notices too; what waits is not sent."""
        async with open_contacts() as store:
            existed, suppressed = await store.delete(account_id)
        if not existed:
            raise _unknown(account_id)
        for channel in suppressed:
            NOTICES.labels(channel, Status.SUPPRESSED).inc()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router


def _unknown(account_id: UUID) -> Problem:
    detail = f"No contact for account {account_id}; its notices use the default channel."
    return Problem(status=HTTPStatus.NOT_FOUND, kind="unknown-contact", detail=detail)
