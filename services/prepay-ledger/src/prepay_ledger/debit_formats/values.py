"""A batch debit as its file tells it, and what a bank answers. Money: integer micro-units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

LINES_MAX = 10_000
"""Of one file: what banks take at once."""


class Unwritable(Exception):
    """What is to be collected does not fit into the bank's format. The message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """Whose account at which bank is debited. ``bank_account``: an IBAN, or the bank's number.
    ``bank_code``: a BIC, or the number of the bank; empty where the format asks for none."""

    holder: str
    bank_account: str
    bank_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """A line of the file. ``id``: what every answer to it names. ``signed_on``: when the debtor
    agreed to the mandate."""

    number: int
    id: str
    mandate_reference: str
    signed_on: date
    debtor: Debtor
    amount_micro: int
    account_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitFile:
    """What is collected by one file. ``id``: what answers to all of it name."""

    id: str
    collect_on: date
    made_at: datetime
    currency: str
    debits: Sequence[Debit]

    @property
    def sum_micro(self) -> int:
        """Of all lines."""
        return sum(each.amount_micro for each in self.debits)

    @property
    def count(self) -> int:
        """Of lines."""
        return len(self.debits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A line of a file by which the utility pays. ``id``: what every answer to it, and the bank's
    statement, name. ``bank_account``, ``bank_code``: as a debtor has them."""

    number: int
    id: str
    holder: str
    bank_account: str
    bank_code: str
    amount_micro: int
    account_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFile:
    """What is paid by one file. ``id``: what answers to all of it name."""

    id: str
    pay_on: date
    made_at: datetime
    currency: str
    transfers: Sequence[Transfer]

    @property
    def sum_micro(self) -> int:
        """Of all lines."""
        return sum(each.amount_micro for each in self.transfers)

    @property
    def count(self) -> int:
        """Of lines."""
        return len(self.transfers)


class AnswerKind(StrEnum):
    """What became of a line."""

    PAID = "paid"
    REFUSED = "refused"
    """No money was taken."""
    RETURNED = "returned"
    """Money was taken, and went back to the debtor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitAnswer:
    """What a bank says of a line. ``id``: as the file had it; empty where it is said of all lines
    of the file ``file_id``. ``code``: of ISO 20022's reasons where the bank's own is mapped to one.
    ``amount_micro``: none where it tells none."""

    kind: AnswerKind
    id: str
    file_id: str = ""
    code: str = ""
    amount_micro: int | None = None
    place: str
    """Where it stands in the answer."""


Codes: TypeAlias = Mapping[str, str]
"""The bank's own words for a reason, and ISO 20022's codes for them."""
