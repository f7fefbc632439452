"""Deposits over HTTP. Money: integer micro-units."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, StepAction, Terms
from prepay_ledger.facts.schemas import DecidedOut
from prepay_ledger.fields import CurrencyField, DayField
from prewatt_common.http.fields import PRINTABLE, Reason

Amount = Annotated[int, Field(ge=1, le=10**15)]


class DepositIn(Reason):
    """``issuer``: the bank of a guarantee; left out for cash. ``reference``: the number of its
    paper, or of the customer's receipt. ``place``: where cash came from; left out for a guarantee.
    It holds on ``valid_from`` and ``valid_until`` and between; a guarantee ends."""

    kind: DepositKind
    amount_micro: Amount
    currency: CurrencyField
    issuer: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)] | None = None
    reference: Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
    place: Place | None = None
    valid_from: DayField
    valid_until: DayField | None = None

    def terms(self) -> Terms:
        """What is held."""
        given = self.model_dump(exclude={"reason", "place", "issuer"})
        return Terms(issuer=self.issuer or "", **given)


class DrawIn(Reason):
    """So much of the debt is paid from it; without ``debt_id`` of what the balance owes."""

    amount_micro: Amount
    debt_id: UUID | None = None


class ReceiptIn(Reason):
    """So much has come to the utility's bank from the issuer."""

    amount_micro: Amount


class ReleaseIn(Reason):
    """So much is given back. ``place``: where cash goes; left out for a guarantee."""

    amount_micro: Amount
    place: Place | None = None


class DepositOut(BaseModel, from_attributes=True):
    """A deposit as it stands: no balance, whatever it is. ``left_micro``: what is still held;
    ``received_micro``: what the issuer of a guarantee has paid of what was drawn."""

    id: UUID
    account_id: UUID
    kind: DepositKind
    amount_micro: int
    currency: str
    issuer: str
    reference: str
    valid_from: date
    valid_until: date | None
    drawn_micro: int
    received_micro: int
    released_micro: int
    left_micro: int


class DepositMatchIn(Reason):
    """The line of a bank's statement by which a deposit's money came, or went back, or the issuer
    of a guarantee has paid."""

    bank_line: UUID


class DepositStepOut(BaseModel, from_attributes=True):
    """What was done with a deposit, by whom, why and when. ``debt_id``: what a draw paid; null:
    what the balance owed. ``journal_id``: null where nothing was posted. ``bank_line``: the line
    that its money came by or went as, once that is known."""

    id: UUID
    deposit_id: UUID
    action: StepAction
    amount_micro: int
    place: Place | None
    debt_id: UUID | None
    journal_id: int | None
    bank_line: UUID | None
    decided: DecidedOut


def deposit_out(deposit: Deposit) -> DepositOut:
    """As it is shown."""
    terms = deposit.terms
    return DepositOut(
        id=deposit.id,
        account_id=deposit.account_id,
        kind=terms.kind,
        amount_micro=terms.amount_micro,
        currency=terms.currency,
        issuer=terms.issuer,
        reference=terms.reference,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        drawn_micro=deposit.drawn_micro,
        received_micro=deposit.received_micro,
        released_micro=deposit.released_micro,
        left_micro=deposit.left_micro,
    )


def step_out(step: Step) -> DepositStepOut:
    """As it is shown."""
    return DepositStepOut.model_validate(step)
