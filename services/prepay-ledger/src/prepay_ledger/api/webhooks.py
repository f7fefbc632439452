"""Payment webhooks by Standard Webhooks: signed raw bytes, fresh, each taken once."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from prepay_ledger.api.signatures import BadSignature, secret_key, verify
from prepay_ledger.application.ports import Unit
from prepay_ledger.application.take_payment import PaymentConflict, TakePayment
from prepay_ledger.domain.accounts import Payment, PaymentOutcome
from prepay_ledger.metrics import TOP_UPS
from prewatt_common.clock import Clock
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem

BODY = BodyLimits(
    media_type="application/json",
    bytes_max=64 * KIB,
    timeout_s=10,
    held_bytes_max=16 * MIB,
)
_MICRO_MAX = 10**15
_NO_NUL = r"^[^\x00]+$"
"""PostgreSQL keeps any other character: money for an account that cannot be is still money."""


class PaymentData(BaseModel):
    """A payment that a provider has taken for us."""

    model_config = ConfigDict(extra="ignore", strict=True)

    payment_id: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
    account_number: Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_NUL)]
    amount_micro: Annotated[int, Field(gt=0, le=_MICRO_MAX)]
    """In 1e-6 of the currency: 12.50 is 12500000."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class PaymentEvent(BaseModel):
    """The body of a webhook call."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["payment.succeeded"]
    timestamp: AwareDatetime
    data: PaymentData


class PaymentAnswer(BaseModel):
    """What became of the payment. ``repeated``: it was known, nothing was changed."""

    outcome: PaymentOutcome
    repeated: bool
    account_id: UUID | None
    balance_micro: int | None


def webhook_router(
    *,
    secrets: dict[str, SecretStr],
    open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
    take_payment: TakePayment,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``POST /v1/webhooks/payments/{provider}``."""
    router = APIRouter(
        tags=["payments"],
        dependencies=[Depends(public(because="a signature over the body says who calls"))],
    )
    keys = {name: secret_key(secret.get_secret_value()) for name, secret in secrets.items()}

    @router.post(
        "/v1/webhooks/payments/{provider}",
        summary="A payment provider reports a payment (Standard Webhooks)",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": PaymentEvent.model_json_schema()}},
            }
        },
    )
    async def payments(
        provider: str, request: Request, body: Annotated[bytes, Depends(RawBody(BODY))]
    ) -> PaymentAnswer:
        key = keys.get(provider)
        if key is None:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-provider",
                detail=f"No payment provider {provider} is configured; nothing was kept.",
            )
        event_id = _verified(key, request, body, now=clock())
        event = _parse(body)
        payment = Payment(provider=provider, **event.data.model_dump())
        try:
            async with open_unit() as unit:
                result = await take_payment(
                    unit, payment=payment, event_id=event_id, body=body, now=clock()
                )
        except PaymentConflict as error:
            TOP_UPS.labels(provider, "conflict").inc()
            raise Problem(
                status=HTTPStatus.CONFLICT, kind="payment-conflict", detail=str(error)
            ) from error
        committed()
        TOP_UPS.labels(provider, "repeated" if result.repeated else result.outcome).inc()
        return PaymentAnswer(
            outcome=result.outcome,
            repeated=result.repeated,
            account_id=result.account_id,
            balance_micro=result.balance_micro,
        )

    return router


def _verified(key: bytes, request: Request, body: bytes, *, now: datetime) -> str:
    """The event's id; raises a 401 problem unless the signature holds and is fresh."""
    try:
        return verify(key=key, headers=request.headers, body=body, now=now)
    except BadSignature as error:
        raise Problem(
            status=HTTPStatus.UNAUTHORIZED,
            kind="bad-signature",
            detail=f"The signature does not hold: {error}. Nothing was kept.",
        ) from error


def _parse(body: bytes) -> PaymentEvent:
    try:
        return PaymentEvent.model_validate_json(body)
    except ValidationError as error:
        detail = "; ".join(
            f"{'/'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        )
        raise Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-payment",
            detail=f"{detail}. Nothing was credited.",
        ) from error
