"""Payments, and money in suspense: given to an account or sent back, with who and why."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, model_validator

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.balances.payment_reference import payment_reference
from prepay_ledger.fields import AccountNumberField, GivenByProvider, PageById, Writer
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.candidates import Candidate, Slip
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.find_candidates import find_candidates
from prepay_ledger.payments.ports import OpenUnit
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.payments.return_payment import return_payment
from prepay_ledger.payments.suspense import UnknownPayment
from prepay_ledger.payments.values import PaymentOutcome, ResolutionAction
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


class ResolutionOut(BaseModel, from_attributes=True):
    """What a person did with money in suspense, and why."""

    action: ResolutionAction
    who: str
    reason: str
    journal_id: int
    at: datetime


class TopupOut(BaseModel, from_attributes=True):
    """Where a payment went as it reached its account: what repaid emergency credit, paid debts
    (each, by its id), and was added to the rest of the balance sums to it. ``left_micro``: what
    could be used until the cut then. ``above_maximum_micro``: by how much the balance was above
    what the policy allows; money that was taken already is credited whole all the same."""

    repaid_micro: int
    debts_micro: int
    added_micro: int
    paid_off: dict[UUID, int]
    balance_micro: int
    left_micro: int
    above_maximum_micro: int
    at: datetime


class PaymentOut(BaseModel, from_attributes=True):
    """A payment and what became of it. ``account_id``: who has the money.

    ``taken_back_micro``: what of it its provider has taken back since.
    ``account_number`` is what the payer gave; ``reason`` says why the money went to suspense.
    ``topup``: where it went as it reached an account; null where it has not. ``by_settlement``: it
    is known from what its provider settled, before any webhook told of it.
    ``day`` is the posting day; once that is sealed, it and ``id`` prove the payment.
    """

    id: UUID
    provider: str
    payment_id: str
    account_id: UUID | None
    account_number: str
    amount_micro: int
    taken_back_micro: int
    currency: str
    outcome: PaymentOutcome
    reason: str
    by_settlement: bool
    journal_id: int
    received_at: datetime
    day: date
    resolution: ResolutionOut | None
    topup: TopupOut | None


class Assignment(Reason):
    """The account that money in suspense is for, by its number or its id, and why."""

    account_number: AccountNumberField | None = None
    account_id: UUID | None = None

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        if (self.account_number is None) == (self.account_id is None):
            message = "name the account by account_number or by account_id, one of them"
            raise ValueError(message)
        return self


class CandidateOut(BaseModel):
    """An account that the payer may have meant. ``slip``: how what was typed differs from its
    number or payment reference; ``reason`` is that in words."""

    account_id: UUID
    account_number: str
    payment_reference: str | None
    slip: Slip
    reason: str

    @staticmethod
    def of(candidate: Candidate) -> "CandidateOut":
        """As it is shown."""
        return CandidateOut(
            account_id=candidate.found.account_id,
            account_number=candidate.found.number,
            payment_reference=payment_reference(candidate.found.number),
            slip=candidate.slip,
            reason=candidate.slip.text,
        )


def payments_router(
    *,
    open_unit: OpenUnit,
    queries: PaymentQueries,
    assign_payment: AssignPayment,
    terms: ApprovalTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/payments``."""
    router = APIRouter(prefix="/v1/payments", tags=["payments"])
    reading = [Depends(require("ledger:read"))]

    @router.get("", dependencies=reading)
    async def payments(
        *,
        page: PageById,
        account_id: UUID | None = None,
        outcome: PaymentOutcome | None = None,
        provider: GivenByProvider | None = None,
        payment_id: GivenByProvider | None = None,
        above_maximum: bool | None = None,
    ) -> Page[PaymentOut]:
        """Payments, newest first; ``outcome=suspense`` is money that nobody could place,
        ``above_maximum=true`` what lifted a balance above the policy's maximum, ``account_id`` what
        an account has the money of."""
        rows = await queries.payments(
            account_id=account_id,
            outcome=outcome,
            provider=provider,
            payment_id=payment_id,
            above_maximum=above_maximum,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=PaymentOut.model_validate)

    @router.get("/{payment}", dependencies=reading)
    async def one(payment: UUID) -> PaymentOut:
        """A payment, by our id of it."""
        return await _payment(queries, payment)

    @router.get("/{payment}/candidates", dependencies=reading)
    async def candidates(payment: UUID) -> list[CandidateOut]:
        """The accounts that the payer may have meant, the likeliest first, and why: twenty at most.
        Accounts in the payment's currency, at one slip from what was typed; where there are none,
        at two."""
        found = await find_candidates(queries, await _payment(queries, payment))
        return [CandidateOut.of(each) for each in found]

    @router.post("/{payment}/assign", response_model=PaymentOut, responses=dict(MAY_WAIT))
    async def assign(
        payment: UUID, body: Assignment, principal: Writer
    ) -> PaymentOut | JSONResponse:
        """Give money in suspense to an account: it is a top-up as of now. The same again changes
        nothing. A high amount is kept as a proposal and answered with 202."""
        now = clock()
        async with open_unit() as unit:
            waiting = await assign_payment(
                unit=unit,
                payment=payment,
                account_id=body.account_id,
                account_number=body.account_number,
                decided=Decided(principal.subject, body.reason),
                now=now,
            )
        committed()
        return waits(waiting, now=now) if waiting else await _payment(queries, payment)

    @router.post("/{payment}/return", response_model=PaymentOut, responses=dict(MAY_WAIT))
    async def give_back(
        payment: UUID, body: Reason, principal: Writer
    ) -> PaymentOut | JSONResponse:
        """Send money in suspense back to its payer: the refund is due at the provider from now on.
        The same again changes nothing. A high amount is kept as a proposal and answered with
        202."""
        now = clock()
        async with open_unit() as unit:
            waiting = await return_payment(
                unit=unit,
                payment=payment,
                decided=Decided(principal.subject, body.reason),
                terms=terms,
                now=now,
            )
        committed()
        return waits(waiting, now=now) if waiting else await _payment(queries, payment)

    return router


async def _payment(queries: PaymentQueries, payment: UUID) -> PaymentOut:
    row = await queries.payment(payment)
    if row is None:
        message = f"payment {payment} does not exist"
        raise UnknownPayment(message)
    return PaymentOut.model_validate(row)
