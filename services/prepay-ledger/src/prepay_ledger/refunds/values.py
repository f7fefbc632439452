"""What is paid out of an account that moved out, to whom, and how far it is. Money: micro-units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided

REFUND = "refund"
"""The kind of the journals that move what is paid out."""
BANK = "bank"
"""Who says what a line of a bank's statement says by itself."""


class Way(StrEnum):
    """How the money reaches the customer."""

    BANK = "bank"
    """By a transfer to the customer's account, which names the refund's id."""
    CASH = "cash"
    """At a counter of the utility's."""
    PROVIDER = "provider"
    """To the payment that it came by, through its provider."""


class RefundState(StrEnum):
    """How far a refund is."""

    IN_TRANSIT = "in-transit"
    """It has left the account, and is not known to be with the customer."""
    PAID = "paid"
    """A line of the bank is it, or the customer has the cash."""
    RETURNED = "returned"
    """The bank brought it back: the account has it again."""
    CANCELLED = "cancelled"
    """It was not sent, or not fetched: the account has it again."""


class BackState(StrEnum):
    """How far the provider is with a refund that goes through it."""

    REQUESTED = "requested"
    """It was not asked yet."""
    SENDING = "sending"
    """It may have been asked, and has not answered."""
    ACCEPTED = "accepted"
    """It has it; what came of it is waited for."""
    UNANSWERED = "unanswered"
    """Nobody knows what came of it: a person looks, and cancels the refund if it did not go."""
    OTHER_AMOUNT = "other-amount"
    """It went, and another amount than was asked for: two people take that for it."""
    DONE = "done"
    """It has told that the money went, or that it came back."""
    REFUSED = "refused"
    """Nothing went; the account has it again."""


BACK_OPEN = (
    BackState.REQUESTED, BackState.SENDING, BackState.ACCEPTED, BackState.UNANSWERED,
    BackState.OTHER_AMOUNT,
)  # fmt: skip
"""Money may go yet, or have gone."""


class StepAction(StrEnum):
    """What was done with a refund."""

    ORDER = "order"
    PAY = "pay"
    """A line of the bank is it."""
    HAND_OUT = "hand-out"
    RETURN = "return"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """To whom money goes. ``bank_account``: an IBAN, or the bank's number of it, without spaces;
    ``bank_code``: a BIC, or the bank's number. Both are empty where it is cash."""

    holder: str
    bank_account: str = ""
    bank_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. ``key``: the caller's own name of it, once a person. ``payment``: ours of
    the payment that it goes back to, where it goes through a provider."""

    account_id: UUID
    amount_micro: int
    way: Way
    payee: Payee
    key: str
    decided: Decided
    payment: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """As it stands. ``paid_by``: the bank's line that it is; ``returned_by``: the line by which
    ``returned_micro`` of it came back. ``paid_in_sum``, ``returned_in_sum``: that line is a sum of
    several refunds. ``payment``: ours of the payment that it goes back to through its provider,
    which is so far with it (``provider_state``), and why it did not (``provider_code``).
    ``given_micro``: what the provider gave back where that is another amount."""

    id: UUID
    account_id: UUID
    amount_micro: int
    currency: str
    way: Way
    payee_id: UUID
    payee: Payee
    state: RefundState
    ordered_at: datetime
    paid_by: UUID | None = None
    paid_in_sum: bool = False
    returned_by: UUID | None = None
    returned_in_sum: bool = False
    returned_micro: int = 0
    payment: UUID | None = None
    provider_state: BackState | None = None
    provider_code: str = ""
    given_micro: int | None = None

    @property
    def reference(self) -> str:
        """What the transfer names, so that the bank's line tells which refund it is."""
        return self.id.hex

    def is_asked_by(self, asked: Order) -> bool:
        """Whether it is what ``asked`` asks for."""
        return (self.account_id, self.amount_micro, self.way, self.payee, self.payment) == (
            asked.account_id, asked.amount_micro, asked.way, asked.payee, asked.payment
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """How a provider is asked for a refund. ``payment``: ours of the payment; ``payment_id``: the
    provider's own; ``paid_micro``: what was paid. ``movement_id``: the provider's own id of the
    refund, once it has told one. ``send_at``: when it is asked next. ``answer_by``: then a person
    looks; where one has to, since when. ``given_micro``: what it gave back where that is another
    amount than was asked for."""

    refund_id: UUID
    payment: UUID
    provider: str
    payment_id: str
    paid_micro: int
    state: BackState
    code: str
    movement_id: str
    sends: int
    send_at: datetime | None
    answer_by: datetime | None
    given_micro: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidBefore:
    """A payment that money is to go back to. ``account_id``: who has it; none: nobody.
    ``taken_back_micro``: what of it went back before. ``under_way``: a refund of it that has not
    ended."""

    id: UUID
    provider: str
    payment_id: str
    account_id: UUID | None
    amount_micro: int
    taken_back_micro: int
    currency: str
    under_way: UUID | None


class Given(NamedTuple):
    """What went back of a payment by refunds of ours. ``moved_micro``: what of it was posted just
    now; below zero where it came back. ``given_micro``: in all. ``is_moved``: an account's balance
    was."""

    moved_micro: int
    given_micro: int
    is_moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``slip``: the number of the paper that the customer signed for cash; else empty. ``key``:
    the caller's own name of it, once a person; empty where it followed from a line of the bank."""

    id: UUID
    refund_id: UUID
    action: StepAction
    amount_micro: int
    key: str
    decided: Decided
    journal_id: int
    bank_line: UUID | None = None
    slip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an account has left and owes, and what speaks against paying it out. ``debts_micro``:
    all that is owed apart, paused or not. ``ends_on``: the day after the last one that is charged;
    none: a tariff charges it still, or it never had one that ended. ``serving``: meters that serve
    it. ``unread``: meters that were not read up to where they ceased to. ``parked``: those whose
    readings wait after a fault. ``due``: time alone has owed something that is not charged yet.
    ``refunded_micro``: what was ordered before and is not known to have come back by the bank."""

    balance_micro: int
    deposits_micro: int
    debts_micro: int
    estimated_micro: int
    runs: bool
    ends_on: date | None
    serving: Sequence[str]
    unread: Sequence[str]
    parked: Sequence[str]
    due: bool
    has_mandate: bool
    refunded_micro: int

    @property
    def refundable_micro(self) -> int:
        """What is left once what is owed is paid; never below zero."""
        return max(0, self.balance_micro + self.deposits_micro - self.debts_micro)


class AccountGround(NamedTuple):
    """What an account has left, and in what currency."""

    currency: str
    ground: Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """An account that moved out long ago and has money left that nobody was paid. ``ended_on``: the
    first day that nothing charges it on."""

    account_id: UUID
    number: str
    currency: str
    ended_on: date
    balance_micro: int
    deposits_micro: int
    debts_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTerms:
    """``cash_max_micro``: the most that is paid out in cash at once, in micro-units of whatever
    currency; none: no limit. ``unclaimed_days``: what is left of an account for longer is
    unclaimed."""

    cash_max_micro: int | None
    unclaimed_days: int
