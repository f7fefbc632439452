"""``POST /v1/receipts/sms/...`` and ``/voice/...``: a gateway says what became of its messages."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import Counter

from notifier.channels.callbacks import Callbacks, UnreadableCallback, reports_in
from notifier.channels.ports import TakeReceipt, Verdict
from notifier.channels.voice.rules import known_as
from notifier.metrics import SMS_RECEIPTS, VOICE_RECEIPTS
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

logger = logging.getLogger(__name__)

_BODY = BodyLimits(media_type=None, bytes_max=256 * KIB, timeout_s=20, held_bytes_max=16 * MIB)
"""JSON or a form, whatever the gateway calls it."""
_EXAMPLE = [{"biz_id": "9006197469364984^0", "success": True}]
_DESCRIPTION = """
The address ends in `PREWATT_SMS_CALLBACK_SECRET`, or `PREWATT_VOICE_CALLBACK_SECRET`. Aliyun's
SmsReport and Tencent Cloud's report are read as those send them, and another gateway's as `receipt`
of `PREWATT_SMS_GATEWAY`, or of `PREWATT_VOICE_GATEWAY`, says. A report counts once, however often
it comes, before our note of the acceptance or after it.
"""


def gateway_receipts_router(
    *, sms: Callbacks | None, voice: Callbacks | None, take: TakeReceipt
) -> APIRouter:
    """``POST /v1/receipts/sms/{secret}`` and ``/voice/{secret}``."""
    router = APIRouter(prefix="/v1/receipts", tags=["receipts"])
    _add(router, "/sms/{secret}", _Gateway(sms, take, SMS_RECEIPTS))

    async def take_call(message_id: str, verdict: Verdict, *, reason: str) -> bool:
        return await take(known_as(message_id), verdict, reason=reason)

    _add(router, "/voice/{secret}", _Gateway(voice, take_call, VOICE_RECEIPTS))
    return router


def _add(router: APIRouter, path: str, gateway: "_Gateway") -> None:
    async def report(
        secret: str, request: Request, body: Annotated[bytes, Depends(RawBody(_BODY))]
    ) -> Response:
        return await gateway.report(secret, request, body)

    router.add_api_route(
        path,
        report,
        methods=["POST"],
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


@dataclass(frozen=True, slots=True)
class _Gateway:
    callbacks: Callbacks | None
    take: TakeReceipt
    counted: Counter

    async def report(self, secret: str, request: Request, body: bytes) -> Response:
        callbacks = self.callbacks
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
            self.counted.labels("unreadable").inc()
            logger.error("a gateway sends receipts that cannot be read: %s", error)
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="unreadable-receipt",
                detail=f"The body is not what the gateway's document says: {error}.",
            ) from error
        for each in reports:
            if each.verdict is None:
                continue
            joined = await self.take(each.message_id, each.verdict, reason=each.reason)
            self.counted.labels("joined" if joined else "unknown").inc()
        if callbacks.receipt.reply is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return JSONResponse(callbacks.receipt.reply)
