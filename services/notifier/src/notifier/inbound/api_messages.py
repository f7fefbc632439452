"""``POST /v1/inbound-messages/sms/...``: an SMS gateway tells what customers have written."""

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from notifier.channels.callbacks import Callbacks, UnreadableCallback, written_in
from notifier.channels.ports import TakeWritten
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

logger = logging.getLogger(__name__)

_BODY = BodyLimits(media_type=None, bytes_max=256 * KIB, timeout_s=20, held_bytes_max=16 * MIB)
"""JSON or a form, whatever the gateway calls it."""
_EXAMPLE = [{"sequence_id": "540987654", "phone_number": "13800138000", "content": "余额"}]
_DESCRIPTION = """
The address ends in `PREWATT_SMS_CALLBACK_SECRET`. Aliyun's SmsUp and Tencent Cloud's reply are read
as those send them, and another gateway's as `message` of `PREWATT_SMS_GATEWAY` says. A message is
kept once, however often it comes, and worked through afterwards.
"""


def written_router(*, callbacks: Callbacks | None, take: TakeWritten) -> APIRouter:
    """``POST /v1/inbound-messages/sms/{secret}``."""
    router = APIRouter(prefix="/v1/inbound-messages", tags=["inbound"])

    @router.post(
        "/sms/{secret}",
        summary="A gateway tells what customers have written",
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
    async def written(
        secret: str, request: Request, body: Annotated[bytes, Depends(RawBody(_BODY))]
    ) -> Response:
        if callbacks is None or callbacks.message is None or not callbacks.is_ours(secret):
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-address",
                detail="This address was given to no gateway; nothing was kept.",
            )
        if not callbacks.is_signed(body, request.headers.get):
            raise Problem(
                status=HTTPStatus.UNAUTHORIZED,
                kind="wrong-signature",
                detail="The gateway's signature does not hold; nothing was kept.",
            )
        try:
            messages = written_in(body, callbacks.message, gateway=callbacks.gateway)
        except UnreadableCallback as error:
            logger.error("the SMS gateway sends messages that cannot be read: %s", error)
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="unreadable-message",
                detail=f"The body is not what the gateway's document says: {error}.",
            ) from error
        for each in messages:
            await take(each)
        if callbacks.message.reply is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return JSONResponse(callbacks.message.reply)

    return router
