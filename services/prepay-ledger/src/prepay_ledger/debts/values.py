"""A debt apart from the balance: what it comes from, and how it is paid off. Money: micro-units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided

DEBT = "debt"
"""The kind of the journals that move money between a balance and what is owed apart from it."""
INSTALMENTS_MAX = 60


class BillCause(StrEnum):
    """What a difference to the bill comes from."""

    READING = "reading"
    """Use that is read for the first time: no correction."""
    EDIT = "edit"
    INSTALLATION = "installation"
    TARIFF = "tariff"


class Treatment(StrEnum):
    """Where a difference to the bill goes."""

    BALANCE = "balance"
    DEBT = "debt"
    """Owed apart from the balance: it starts no cut."""
    BARRED = "barred"
    """Too long ago to be asked for at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A difference to the bill: for use up to the local day ``used_until``, billed on
    ``billed_on``; ``our_fault``: the utility's own error is behind it. ``amount_micro``: what is to
    be paid more, less where it is below zero."""

    cause: BillCause
    used_until: date
    billed_on: date
    our_fault: bool
    amount_micro: int


class Limitation(NamedTuple):
    """How long after use its price may be asked for, by law. To be verified by the utility."""

    months: int
    source: str


LIMITATIONS = {
    "GB": Limitation(12, "Ofgem, electricity supply licence, standard condition 21BA"),
    "IN": Limitation(24, "Electricity Act 2003, section 56(2)"),
}
"""Examples, by country. Not legal advice: when the time begins, and whose fault stops it, is for
the utility to check at the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTerms:
    """By policy: a correction for use longer ago than ``days`` is owed apart. ``limitation``: none
    where the law knows none."""

    days: int = 30
    limitation: Limitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDebt:
    """A difference that was posted to the account's balance, and is owed apart from it instead.
    ``source`` names it: the same again is the same debt."""

    account_id: UUID
    source: str
    cause: BillCause
    our_fault: bool
    used_until: date
    amount_micro: int
    currency: str


class Instalment(NamedTuple):
    """So much is to be paid by that day."""

    due_on: date
    amount_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed. ``plan``: its instalments, none while nobody has agreed on any; ``planned``:
    who did, why and when."""

    id: UUID
    account_id: UUID
    source: str
    cause: BillCause
    our_fault: bool
    used_until: date
    currency: str
    amount_micro: int
    paid_micro: int
    created_at: datetime
    plan: Sequence[Instalment] = ()
    planned: Decided | None = None

    @property
    def left_micro(self) -> int:
        """What is still owed."""
        return self.amount_micro - self.paid_micro
