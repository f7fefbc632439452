"""Payment webhooks: signed raw bytes, fresh, each kept and answered as its provider wants it."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, TypeAdapter

from prepay_ledger.metrics import TOP_UPS
from prepay_ledger.payments.take_payment_event import EventAnswer, SignedEvent, TakePaymentEvent
from prepay_ledger.payments.values import EventOutcome, PaymentOutcome
from prepay_ledger.providers.configured import Providers
from prepay_ledger.providers.standard_webhooks import MovementEvent, PaymentEvent
from prepay_ledger.providers.values import BadSignature, Provider, Verified
from prewatt_common.clock import Clock
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

BODY = BodyLimits(media_type=None, bytes_max=64 * KIB, timeout_s=10, held_bytes_max=16 * MIB)
"""Of any media type: the signature says that it is the provider's."""
_HEADERS_KEPT = ("content-type", "content-encoding", "user-agent")
"""What says who sent the body, beside what proves it."""


class PaymentAnswer(BaseModel):
    """What became of the event: of its payment, or why it was kept and not applied.

    ``repeated``: it was known, nothing was changed.
    """

    outcome: PaymentOutcome | EventOutcome
    repeated: bool
    detail: str | None
    account_id: UUID | None
    balance_micro: int | None


_IN_ITSELF = (
    "#/paths/~1v1~1webhooks~1payments~1%7Bprovider%7D/post/requestBody/content/application~1json"
    "/schema/$defs/{model}"
)
"""Where OpenAPI finds what the body's schema refers to: the schema is no component of it."""
_OUR_EVENTS = TypeAdapter[PaymentEvent | MovementEvent](PaymentEvent | MovementEvent)
_DESCRIPTION = """
Of Standard Webhooks the body is as shown; Stripe, WeChat Pay v3 and Alipay send their own, and are
answered what they want (WeChat Pay: `{"code": "SUCCESS", ...}`; Alipay: `success`).

Whatever is signed and fresh is kept and answered 200: events of unknown types, refunds and disputes
that are not applied yet, and bodies that cannot be read too. `outcome` and `detail` say what was
done, and so does `GET /v1/payment-events`. A signature that does not hold is 401, and nothing is
kept.
"""


def webhook_router(
    *,
    providers: Providers,
    take_event: TakePaymentEvent,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``POST /v1/webhooks/payments/{provider}``."""
    router = APIRouter(
        tags=["payments"],
        dependencies=[Depends(public(because="a signature over the body says who calls"))],
    )

    @router.post(
        "/v1/webhooks/payments/{provider}",
        summary="A payment provider reports an event",
        description=_DESCRIPTION,
        response_model=PaymentAnswer,
        responses={HTTPStatus.OK: {"content": {"text/plain": {"example": "success"}}}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": _OUR_EVENTS.json_schema(ref_template=_IN_ITSELF)}
                },
            }
        },
    )
    async def payments(
        provider: str, request: Request, body: Annotated[bytes, Depends(RawBody(BODY))]
    ) -> PaymentAnswer | Response:
        configured = providers.get(provider)
        if configured is None:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-provider",
                detail=f"No payment provider {provider} is configured; nothing was kept.",
            )
        now = clock()
        verified = _verified(configured, request, body, now=now)
        event = SignedEvent(
            provider=provider,
            event_id=_readable(verified.event_id),
            headers={
                name: value
                for name in (*configured.headers_kept, *_HEADERS_KEPT)
                if (value := request.headers.get(name)) is not None
            },
            body=body,
            plain=verified.plain,
        )
        answer = await take_event(event=event, now=now)
        committed()
        TOP_UPS.labels(provider, _counted_as(answer)).inc()
        receipt = configured.receipt
        if receipt is not None:
            return Response(receipt.body, media_type=receipt.media_type)
        return _answer(answer)

    return router


def _verified(provider: Provider, request: Request, body: bytes, *, now: datetime) -> Verified:
    """Raises a 401 problem unless the signature holds and is fresh."""
    try:
        return provider.verified(request.headers, body, now)
    except BadSignature as error:
        raise Problem(
            status=HTTPStatus.UNAUTHORIZED,
            kind="bad-signature",
            detail=f"The signature does not hold: {error}. Nothing was kept.",
        ) from error


def _readable(event_id: str) -> str:
    """HTTP reads headers as Latin-1; an id is most often ASCII, else UTF-8."""
    try:
        return event_id.encode("latin-1").decode()
    except UnicodeDecodeError:
        return event_id


_OF_MOVEMENTS = (EventOutcome.TAKEN_BACK, EventOutcome.EXCESS)


def _counted_as(answer: EventAnswer) -> EventOutcome:
    return EventOutcome.REPEATED if answer.repeated else answer.applied.outcome


def _answer(answer: EventAnswer) -> PaymentAnswer:
    applied = answer.applied
    if applied.payment is None:
        return PaymentAnswer(
            outcome=applied.outcome,
            repeated=answer.repeated,
            detail=f"Kept, not applied: {applied.reason}.",
            account_id=None,
            balance_micro=None,
        )
    payment = applied.payment
    return PaymentAnswer(
        outcome=applied.outcome if applied.outcome in _OF_MOVEMENTS else payment.outcome,
        repeated=answer.repeated,
        detail=f"Kept in suspense: {payment.reason}." if payment.reason else None,
        account_id=payment.account_id,
        balance_micro=payment.balance_micro,
    )
