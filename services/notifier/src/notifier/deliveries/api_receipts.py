"""``/v1/receipts``: where gateways say what became of a message."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from notifier.channels.ports import Verdict
from notifier.deliveries.take_verdict import TakeVerdict
from prewatt_common.http.auth import public
from prewatt_common.http.problems import Problem


class UnknownReceipt(Problem):
    """404. The same for a wrong signature and an unknown notice: nobody learns which exist."""

    def __init__(self) -> None:
        detail = "This address was given to no gateway, or its notice is not here."
        super().__init__(status=HTTPStatus.NOT_FOUND, kind="unknown-receipt", detail=detail)


def receipts_router(
    *,
    take: TakeVerdict,
    is_ours: Callable[[UUID, str], bool],
    verdict_of: Callable[[int], Verdict | None],
    committed: Callable[[], None],
) -> APIRouter:
    """``/v1/receipts``."""
    router = APIRouter(prefix="/v1/receipts", tags=["receipts"])

    @router.get(
        "/sms/{notice_id}/{signature}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[Depends(public(because="the address is signed by us for one notice"))],
    )
    async def sms(
        notice_id: UUID, signature: str, status: Annotated[int, Query(ge=0, le=255)]
    ) -> Response:
        """Kannel's delivery report (``dlr-url``): 1 delivered, 2 and 16 came back; the others say
        that it is on its way."""
        if not is_ours(notice_id, signature):
            raise UnknownReceipt
        verdict = verdict_of(status)
        if verdict is not None:
            reason = f"delivery report {status}"
            if not await take(notice_id, verdict, reason=reason):
                raise UnknownReceipt
            committed()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router
