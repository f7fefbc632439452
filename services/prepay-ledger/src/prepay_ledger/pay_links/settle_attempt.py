"""What a provider's webhook tells of a payment that was begun by a link."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.metrics import LINK_PAYMENTS
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.pay_links.values import Attempt, AttemptState


async def attempt_paid(
    unit: HasPayLinks,
    *,
    provider: str,
    request_id: str,
    payment_id: str,
    amount_micro: int,
    currency: str,
    now: datetime,
) -> None:
    """Its money has come; a second payment of the same is money all the same, and changes nothing
    here."""
    attempt = await _named(unit, provider, request_id)
    if attempt is None or attempt.state is AttemptState.PAID:
        return
    await _put(
        unit,
        replace(
            attempt,
            state=AttemptState.PAID,
            payment_id=payment_id,
            code="",
            paid_micro=amount_micro if currency == attempt.currency else None,
            closed_at=now,
        ),
    )


async def attempt_failed(
    unit: HasPayLinks, *, provider: str, request_id: str, now: datetime
) -> None:
    """It did not come about, as it seems: at the provider's page the payer may try again."""
    attempt = await _named(unit, provider, request_id)
    if attempt is None or attempt.state not in (AttemptState.BEGUN, AttemptState.AT_PROVIDER):
        return
    await _put(unit, replace(attempt, state=AttemptState.FAILED, code="not-paid", closed_at=now))


async def _named(unit: HasPayLinks, provider: str, request_id: str) -> Attempt | None:
    try:
        attempt_id = UUID(request_id)
    except ValueError:
        return None
    attempt = await unit.pay_links.attempt(attempt_id, lock=True)
    return attempt if attempt is not None and attempt.provider == provider else None


async def _put(unit: HasPayLinks, after: Attempt) -> None:
    await unit.pay_links.put_attempt(after)
    LINK_PAYMENTS.labels(after.provider, after.state).inc()
