"""A payment provider's side of the webhook: what ``prewatt topup`` and the demo send."""

import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from prewatt_common.ids import new_id

MICRO = 1_000_000


def micro_from(amount: str) -> int:
    """Micro-units from a decimal amount like ``12.50``. Raises ValueError for anything else."""
    try:
        micro = Decimal(amount) * MICRO
    except InvalidOperation as error:
        message = f"{amount!r} is no amount"
        raise ValueError(message) from error
    if not micro.is_finite() or micro <= 0 or micro != micro.to_integral_value():
        message = f"{amount} must be positive, with six decimals at most"
        raise ValueError(message)
    return int(micro)


def decimal_from(micro: int) -> str:
    """Micro-units as people write money: two decimals, more where there are more."""
    amount = Decimal(micro).scaleb(-6)
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount:f}"


def signed_payment(
    *, secret: str, account_number: str, amount_micro: int, currency: str, payment_id: str
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a ``payment.succeeded`` call by Standard Webhooks, fresh as of now.

    Raises ValueError for a secret that cannot be used.
    """
    now = datetime.now(UTC)
    event_id = f"evt_{new_id()}"
    body = json.dumps(
        {
            "type": "payment.succeeded",
            "timestamp": now.isoformat(),
            "data": {
                "payment_id": payment_id,
                "account_number": account_number,
                "amount_micro": amount_micro,
                "currency": currency,
            },
        }
    )
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer(secret).sign(event_id, now, body),
    }
    return body.encode(), headers


def _signer(secret: str) -> Webhook:
    try:
        return Webhook("".join(secret.split()))
    except (EmptyWebhookSecretError, ValueError) as error:
        message = f"the webhook secret cannot be used: {error}".rstrip(": ")
        raise ValueError(message) from error


def pay(
    *,
    ledger_url: str,
    provider: str,
    secret: str,
    account_number: str,
    amount_micro: int,
    currency: str,
    payment_id: str | None = None,
) -> httpx.Response:
    """Report a payment as ``provider`` would."""
    body, headers = signed_payment(
        secret=secret,
        account_number=account_number,
        amount_micro=amount_micro,
        currency=currency,
        payment_id=payment_id or f"pay_{new_id()}",
    )
    url = f"{ledger_url}/v1/webhooks/payments/{provider}"
    return httpx.post(url, content=body, headers=headers, timeout=30)
