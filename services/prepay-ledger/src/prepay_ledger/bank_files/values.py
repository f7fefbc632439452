"""What a bank's statement says, in our words. Money: integer micro-units with their currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

AMOUNT_MICRO_MAX = 10**18
"""Of a line or a balance: what the bank moves for a utility at once, in any currency."""
LINES_MAX = 50_000
"""Of one file. A larger one is split at the bank."""
TEXT_CHARACTERS_MAX = 2_000
GERMAN_RETURNS = frozenset({"108", "109", "159", "181", "182", "183", "184"})
"""Of the transaction codes of Germany's banks: returned debits and transfers."""


class FileFormat(StrEnum):
    """How a file is written."""

    CAMT = "camt"
    """ISO 20022: camt.052, camt.053 or camt.054, as XML."""
    MT940 = "mt940"
    CSV = "csv"


class LineKind(StrEnum):
    """What the bank says has happened."""

    CREDIT = "credit"
    DEBIT = "debit"
    CHARGE = "charge"
    """Taken by the bank for itself."""
    RETURN = "return"
    """Money that had come went back: a returned debit order, a recalled transfer, a reversal."""
    RETURNED_TO_US = "returned-to-us"
    """Money that had gone out came back. Nobody's payment."""
    BATCH = "batch"
    """Several payments in one sum, without their details."""
    PENDING = "pending"
    """Not booked, and perhaps never to be."""


class Unreadable(Exception):
    """The file is not what it should be, or does not add up. The message says where, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement on the bank account. ``amount_micro``: below zero where money went out."""

    kind: LineKind
    amount_micro: int
    booked_on: date
    value_on: date | None = None
    booking: str = ""
    """The bank's own reference of the booking, which every later statement repeats; empty where it
    gives none. Several payments that were booked as one sum have the same."""
    transaction: str = ""
    """What tells apart those of one booking: the bank's or the payer's reference of each. Empty of
    a booking that is one payment."""
    end_to_end_id: str = ""
    """The reference that the first bank was given, and that a return names again."""
    structured: str = ""
    """The creditor reference, where the payer gave it in the field that is meant for it."""
    text: str = ""
    """What the payer wrote."""
    other_party: str = ""

    @property
    def is_booked(self) -> bool:
        """Whether it has moved the account."""
        return self.kind is not LineKind.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Some movements of one bank account, as one message of the bank tells them. ``account``: IBAN,
    or the bank's number of it, without spaces. Both balances are there where the bank tells them of
    exactly these lines; of a statement in pages the first has the opening one, the last the closing
    one."""

    account: str
    currency: str
    number: str
    lines: Sequence[StatementLine]
    opening_micro: int | None = None
    closing_micro: int | None = None
    closed_on: date | None = None
    """Of its closing balance; none where the bank does not say."""


def checked(statement: Statement) -> Statement:
    """``statement``, if its lines lead from its opening to its closing balance. Raises
    `Unreadable`."""
    opening, closing = statement.opening_micro, statement.closing_micro
    if opening is None or closing is None:
        return statement
    moved = sum(each.amount_micro for each in statement.lines if each.is_booked)
    if opening + moved != closing:
        message = (
            f"statement {statement.number} of {statement.account} does not add up: it opens with "
            f"{opening}, its lines come to {moved}, and it closes with {closing} micro-units of "
            f"{statement.currency}; {closing - opening - moved} are missing"
        )
        raise Unreadable(message)
    return statement


def masked(number: str) -> str:
    """A bank account as a person may see it who has no need of all of it.

    >>> masked("DE02120300000000202051")
    '******************2051'
    """
    shown = 4
    return "*" * max(0, len(number) - shown) + number[-shown:]
