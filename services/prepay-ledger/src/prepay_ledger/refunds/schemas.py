"""Refunds over HTTP. Money: integer micro-units. A bank account is shown by its end alone."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prepay_ledger.bank_files.values import masked
from prepay_ledger.facts.schemas import DecidedOut
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.rules import why_not_closed
from prepay_ledger.refunds.values import (
    AccountGround,
    BackState,
    Order,
    Payee,
    Refund,
    RefundState,
    Step,
    StepAction,
    Unclaimed,
    Way,
)
from prewatt_common.http.fields import PRINTABLE, Reason


class RefundIn(Reason):
    """So much is paid out, to whom and how. ``bank_account``: an IBAN, or the bank's number of it,
    and ``bank_code``: a BIC, or the bank's number; both are left out for cash. ``payment``: of way
    `provider`, the payment of the account (its ``id`` in `GET /v1/payments`) to which it goes back,
    at most what is left of it; who is paid is whoever paid it, so ``holder`` is left out too."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "amount_micro": 42_000_000,
                    "way": "bank",
                    "holder": "Zhang Min",
                    "bank_account": "DE02500105170137075030",
                    "reason": "moved out on 28 February, form 17",
                }
            ]
        },
    )

    amount_micro: Annotated[int, Field(ge=1, le=10**15)]
    way: Way
    holder: Annotated[str, Field(min_length=1, max_length=140, pattern=PRINTABLE)] | None = None
    bank_account: Annotated[str, Field(pattern=r"^([0-9A-Z]{4,34})?$")] = ""
    bank_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{0,20}$")] = ""
    payment: UUID | None = None

    @model_validator(mode="after")
    def _says_to_whom(self) -> Self:
        if (self.way is Way.PROVIDER) == (self.holder is not None):
            message = "name the holder, unless it goes back to a payment: then only that"
            raise ValueError(message)
        return self

    def order(self, account_id: UUID, *, key: str, decided: Decided) -> Order:
        """What is asked for."""
        holder = self.holder or ""
        payee = Payee(holder=holder, bank_account=self.bank_account, bank_code=self.bank_code)
        return Order(
            account_id=account_id,
            amount_micro=self.amount_micro,
            way=self.way,
            payee=payee,
            key=key,
            decided=decided,
            payment=self.payment,
        )


class HandOutIn(Reason):
    """``slip``: the number of the paper that the customer has signed for the cash."""

    slip: Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]


class RefundMatchIn(Reason):
    """The line of a bank's statement that a refund went as, or by which it came back."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "bank_line": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
                    "reason": "the bank cut our reference off, advice of 2 March",
                }
            ]
        },
    )

    bank_line: UUID


class RefundOut(BaseModel):
    """What is paid out of an account. ``reference``: what the transfer must name. ``bank_account``:
    its last four characters. ``paid_by``, ``returned_by``: the lines of the bank that it went as
    and came back by, with ``returned_micro``. ``payment``: the payment that it goes back to through
    its provider; ``provider_state`` says how far the provider is with it (`unanswered`: a person
    has to look; `other-amount`: it gave back ``given_micro``, and two people have to take that for
    it), and ``provider_code`` why it did not go, or what it answered last."""

    id: UUID
    account_id: UUID
    amount_micro: int
    currency: str
    way: Way
    holder: str
    bank_account: str
    bank_code: str
    reference: str
    state: RefundState
    ordered_at: datetime
    paid_by: UUID | None
    returned_by: UUID | None
    returned_micro: int
    payment: UUID | None
    provider_state: BackState | None
    provider_code: str
    given_micro: int | None


class PayeeOut(BaseModel, from_attributes=True):
    """Where a refund goes, in full: for who makes the transfer. Empty where it is cash."""

    holder: str
    bank_account: str
    bank_code: str


class RefundStepOut(BaseModel, from_attributes=True):
    """What was done with a refund, by whom, why and when. ``slip``: what was signed for cash;
    empty otherwise."""

    id: UUID
    refund_id: UUID
    action: StepAction
    amount_micro: int
    bank_line: UUID | None
    slip: str
    journal_id: int
    decided: DecidedOut


class RefundableOut(BaseModel):
    """What may be paid out of an account: its balance and what lies in deposits in cash, without
    its debts. ``in_the_way``: why not yet; empty where nothing is."""

    account_id: UUID
    currency: str
    balance_micro: int
    deposits_micro: int
    debts_micro: int
    refundable_micro: int
    in_the_way: str

    @staticmethod
    def of(account_id: UUID, found: AccountGround) -> "RefundableOut":
        """As it stands."""
        ground = found.ground
        return RefundableOut(
            account_id=account_id,
            currency=found.currency,
            balance_micro=ground.balance_micro,
            deposits_micro=ground.deposits_micro,
            debts_micro=ground.debts_micro,
            refundable_micro=ground.refundable_micro,
            in_the_way=why_not_closed(ground) or "",
        )


class UnclaimedOut(BaseModel, from_attributes=True):
    """An account that nothing charges since ``ended_on``, and that has money left."""

    account_id: UUID
    number: str
    currency: str
    ended_on: date
    balance_micro: int
    deposits_micro: int
    debts_micro: int


def refund_out(refund: Refund) -> RefundOut:
    """As it is shown."""
    return RefundOut(
        id=refund.id,
        account_id=refund.account_id,
        amount_micro=refund.amount_micro,
        currency=refund.currency,
        way=refund.way,
        holder=refund.payee.holder,
        bank_account=masked(refund.payee.bank_account),
        bank_code=refund.payee.bank_code,
        reference=refund.reference,
        state=refund.state,
        ordered_at=refund.ordered_at,
        paid_by=refund.paid_by,
        returned_by=refund.returned_by,
        returned_micro=refund.returned_micro,
        payment=refund.payment,
        provider_state=refund.provider_state,
        provider_code=refund.provider_code,
        given_micro=refund.given_micro,
    )


def step_out(step: Step) -> RefundStepOut:
    """As it is shown."""
    return RefundStepOut.model_validate(step)


def unclaimed_out(each: Unclaimed) -> UnclaimedOut:
    """As it is shown."""
    return UnclaimedOut.model_validate(each)
