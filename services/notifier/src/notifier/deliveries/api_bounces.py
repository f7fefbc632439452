"""``POST /v1/receipts/email/...``: the mail server hands over what comes back of our mails."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from notifier.channels.email.bounces import BounceAddress, UnreadableBounce, report_in
from notifier.contacts.values import Channel
from notifier.deliveries.take_verdict import TakeVerdict
from notifier.metrics import MAIL_REPORTS
from prewatt_common.http.auth import public
from prewatt_common.http.body import MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

logger = logging.getLogger(__name__)

_BODY = BodyLimits(media_type=None, bytes_max=MIB, timeout_s=20, held_bytes_max=16 * MIB)
"""A report, with the mail that it brings back."""
_DESCRIPTION = """
The address ends in `PREWATT_SMTP_BOUNCE_SECRET`; the body is a mail as it came to
`PREWATT_SMTP_BOUNCES_TO`. Of a report of delivery (RFC 3464), failed takes the notice back,
delivered is evidence of it, and anything else changes nothing. So does the same again, and a report
of a mail that is none of ours. Any other mail, such as an answer by a person, is refused.
"""
_EXAMPLE = """Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.utility.example

Final-Recipient: rfc822; li@home.example
Action: failed
Status: 5.1.1

--b--
"""


def bounces_router(
    *, reports: BounceAddress | None, take: TakeVerdict, committed: Callable[[], None]
) -> APIRouter:
    """``POST /v1/receipts/email/{secret}``."""
    router = APIRouter(prefix="/v1/receipts", tags=["receipts"])

    @router.post(
        "/email/{secret}",
        summary="The mail server hands over what came back",
        description=_DESCRIPTION,
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        dependencies=[
            Depends(public(because="the address is a secret that the mail server was told"))
        ],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
            }
        },
    )
    async def bounce(secret: str, body: Annotated[bytes, Depends(RawBody(_BODY))]) -> Response:
        if reports is None or not reports.is_ours(secret):
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-receipt",
                detail="This address was given to no mail server; nothing was kept.",
            )
        try:
            report = report_in(body, reports)
        except UnreadableBounce as error:
            MAIL_REPORTS.labels("unreadable").inc()
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="unreadable-receipt",
                detail=f"The mail is no report of a delivery: {error}; nothing was kept.",
            ) from error
        known = False
        if report.notice_id is not None and report.verdict is not None:
            known = await take(
                report.notice_id, report.verdict, reason=report.reason, channel=Channel.EMAIL
            )
        if known:
            committed()
        elif report.verdict is not None:
            logger.warning("a mail came back that is of no notice: %s", report.reason)
        outcome = "waits" if report.verdict is None else "joined" if known else "unknown"
        MAIL_REPORTS.labels(outcome).inc()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router
