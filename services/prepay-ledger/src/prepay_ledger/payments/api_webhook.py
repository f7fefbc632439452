"""Payment webhooks by Standard Webhooks: signed raw bytes, fresh, each kept and answered 2xx."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, SecretStr

from prepay_ledger.metrics import TOP_UPS
from prepay_ledger.payments.ports import OpenUnit
from prepay_ledger.payments.read_event import PaymentEvent
from prepay_ledger.payments.signatures import BadSignature, secret_keys, verify
from prepay_ledger.payments.take_payment_event import EventAnswer, SignedEvent, TakePaymentEvent
from prepay_ledger.payments.values import EventOutcome, PaymentOutcome
from prewatt_common.clock import Clock
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

BODY = BodyLimits(media_type=None, bytes_max=64 * KIB, timeout_s=10, held_bytes_max=16 * MIB)
"""Of any media type: the signature says that it is the provider's."""
_HEADERS_KEPT = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-encoding",
    "user-agent",
)
"""What proves that the body was signed, and says who sent it."""


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


def webhook_router(
    *,
    secrets: dict[str, SecretStr],
    open_unit: OpenUnit,
    take_event: TakePaymentEvent,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``POST /v1/webhooks/payments/{provider}``."""
    router = APIRouter(
        tags=["payments"],
        dependencies=[Depends(public(because="a signature over the body says who calls"))],
    )
    keys = {name: secret_keys(secret.get_secret_value()) for name, secret in secrets.items()}

    @router.post(
        "/v1/webhooks/payments/{provider}",
        summary="A payment provider reports an event (Standard Webhooks)",
        description=(
            "Whatever is signed and fresh is kept and answered 200, events of unknown types and "
            "bodies that are no payment too; `outcome` and `detail` say what was done."
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": PaymentEvent.model_json_schema(ref_template=_IN_ITSELF)
                    }
                },
            }
        },
    )
    async def payments(
        provider: str, request: Request, body: Annotated[bytes, Depends(RawBody(BODY))]
    ) -> PaymentAnswer:
        secret = keys.get(provider)
        if secret is None:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-provider",
                detail=f"No payment provider {provider} is configured; nothing was kept.",
            )
        now = clock()
        event = SignedEvent(
            provider=provider,
            event_id=_readable(_verified(secret, request, body, now=now)),
            headers={
                name: value
                for name in _HEADERS_KEPT
                if (value := request.headers.get(name)) is not None
            },
            body=body,
        )
        async with open_unit() as unit:
            answer = await take_event(unit, event=event, now=now)
        committed()
        TOP_UPS.labels(provider, _counted_as(answer)).inc()
        return _answer(answer)

    return router


def _verified(keys: Sequence[bytes], request: Request, body: bytes, *, now: datetime) -> str:
    """The event's id; raises a 401 problem unless the signature holds and is fresh."""
    try:
        return verify(keys=keys, headers=request.headers, body=body, now=now)
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
        outcome=payment.outcome,
        repeated=answer.repeated,
        detail=f"Kept in suspense: {payment.reason}." if payment.reason else None,
        account_id=payment.account_id,
        balance_micro=payment.balance_micro,
    )
