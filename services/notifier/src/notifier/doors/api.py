"""``/v1/door-notices``: what people in the field brought to customers' doors."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from notifier.doors.confirm_late import ConfirmLate
from notifier.doors.keep_notice import KeepDoorNotice
from notifier.doors.ports import DoorRecords
from notifier.doors.refusals import UnknownAccount, UnknownDoorNotice
from notifier.doors.schemas import DoorNoticeIn, DoorNoticeOut
from notifier.templates.schemas import IdempotencyKey
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.body import KIB, MIB, BodyLimits, DeclaredBody
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_PHOTO_BODY = BodyLimits(
    media_type="application/json",
    bytes_max=4 * MIB + 64 * KIB,
    # By a phone's network, from a stairwell.
    timeout_s=120,
    held_bytes_max=64 * MIB,
)


def doors_router(*, keep: KeepDoorNotice, confirm: ConfirmLate, records: DoorRecords) -> APIRouter:
    """``/v1/door-notices``."""
    router = APIRouter(prefix="/v1/door-notices", tags=["door-notices"])
    reads = Depends(require("notifier:read"))

    @router.post(
        "", status_code=HTTPStatus.CREATED, dependencies=[Depends(DeclaredBody(_PHOTO_BODY))]
    )
    async def bring(
        body: DoorNoticeIn,
        key: IdempotencyKey,
        who: Annotated[Principal, Depends(require("notifier:door"))],
    ) -> DoorNoticeOut:
        """Write down that you brought a notice to the door. It is kept for good, with who you are,
        and counts as delivered in the form `how`, from now on, while what it says is still true.
        Where that was long ago another person must confirm it first."""
        return DoorNoticeOut.of(await keep(body.report(by=who.subject, key=key)))

    @router.post("/{door_id}/confirm")
    async def confirm_late(
        door_id: UUID,
        body: Reason,
        key: IdempotencyKey,
        who: Annotated[Principal, Depends(require("notifier:door"))],
    ) -> DoorNoticeOut:
        """Vouch for what somebody else recorded late, such as by their round's list: it counts as
        delivered from now on, while what it says is still true."""
        done = await confirm(door_id, by=who.subject, reason=body.reason, key=key)
        return DoorNoticeOut.of(done)

    @router.get("", dependencies=[reads])
    async def of_account(
        account_id: UUID, page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]
    ) -> Page[DoorNoticeOut]:
        """What was brought to an account's door, newest first."""
        found = await records.of_account(account_id, before=page.after, limit=page.rows_max)
        if found is None:
            message = f"nobody has told of an account {account_id}"
            raise UnknownAccount(message)
        return page.of(found, key=lambda each: each.id, item=DoorNoticeOut.of)

    @router.get("/{door_id}", dependencies=[reads])
    async def one(door_id: UUID) -> DoorNoticeOut:
        """What was brought, where, when and by whom."""
        found = await records.get(door_id)
        if found is None:
            message = f"there is no door notice {door_id}"
            raise UnknownDoorNotice(message)
        return DoorNoticeOut.of(found)

    @router.get(
        "/{door_id}/photo",
        dependencies=[reads],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}},
    )
    async def photo(door_id: UUID) -> Response:
        """The photo, byte for byte as it came."""
        found = await records.photo(door_id)
        if found is None:
            message = f"there is no door notice {door_id}, or its photo is kept no more"
            raise UnknownDoorNotice(message)
        kind, octets = found
        headers = {
            "Cache-Control": "no-store",
            # Who opens it as a page has a picture and nothing that runs.
            "Content-Disposition": "attachment",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(octets, media_type=kind, headers=headers)

    return router
