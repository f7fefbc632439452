"""``POST /v1/receipts/sms/...``: an SMS gateway says what became of its messages."""

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from notifier.channels.callbacks import Callbacks, UnreadableCallback, reports_in
from notifier.channels.ports import TakeReceipt
from notifier.metrics import SMS_RECEIPTS
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

logger = logging.getLogger(__name__)

_BODY = BodyLimits(media_type=None, bytes_max=256 * KIB, timeout_s=20, held_bytes_max=16 * MIB)
"""JSON or a form, whatever the gateway calls it."""
_EXAMPLE = [{"biz_id": "9006197469364984^0", "success": True}]
_DESCRIPTION = """
The address ends in `PREWATT_SMS_CALLBACK_SECRET`. Aliyun's SmsReport and Tencent Cloud's report are
read as those send them, and another gateway's as `receipt` of `PREWATT_SMS_GATEWAY` says. A report
counts once, however often it comes, before our note of the acceptance or after it.
"""


def gateway_receipts_router(*, callbacks: Callbacks | None, take: TakeReceipt) -> APIRouter:
    """``POST /v1/receipts/sms/{secret}``."""
    router = APIRouter(prefix="/v1/receipts", tags=["receipts"])

    @router.post(
        "/sms/{secret}",
        summary="A gateway reports what became of messages",
        description=_DESCRIPTION,
        response_class=Response,
        dependencies=[Depends(public(because="the address is a secret that the gateway was told"))],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"example": _EXAMPLE}},
            }
        },
    )
    async def report(
        secret: str, request: Request, body: Annotated[bytes, Depends(RawBody(_BODY))]
    ) -> Response:
        if callbacks is None or callbacks.receipt is None or not callbacks.is_ours(secret):
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-receipt",
                detail="This address was given to no gateway; nothing was kept.",
            )
        if not callbacks.is_signed(body, request.headers.get):
            raise Problem(
                status=HTTPStatus.UNAUTHORIZED,
                kind="wrong-signature",
                detail="The gateway's signature does not hold; nothing was kept.",
            )
        try:
            reports = reports_in(body, callbacks.receipt)
        except UnreadableCallback as error:
            SMS_RECEIPTS.labels("unreadable").inc()
            logger.error("the SMS gateway sends receipts that cannot be read: %s", error)
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="unreadable-receipt",
                detail=f"The body is not what the gateway's document says: {error}.",
            ) from error
        for each in reports:
            if each.verdict is None:
                continue
            joined = await take(each.message_id, each.verdict, reason=each.reason)
            SMS_RECEIPTS.labels("joined" if joined else "unknown").inc()
        if callbacks.receipt.reply is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return JSONResponse(callbacks.receipt.reply)

    return router
