"""Both sides' sales of a business day, and where they differ, in integer micro-units."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Difference(StrEnum):
    """How a sale differs."""

    MISSING_HERE = "missing_here"
    """The vendor has it, and with us there is none that stands."""
    MISSING_THERE = "missing_there"
    OTHER_AMOUNT = "other_amount"
    OTHER_ACCOUNT = "other_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirSale:
    """A sale as the vendor has it. ``key``: the Idempotency-Key that it was asked with."""

    key: str
    account_number: str
    amount_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OurSale:
    """A sale as we have it."""

    id: UUID
    key: str
    account_number: str
    amount_micro: int
    is_void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sale that differs: what either side has of it, where it has anything. ``vend_id``: ours,
    also where it is void."""

    key: str
    difference: Difference
    vend_id: UUID | None
    their_account: str | None
    their_micro: int | None
    our_account: str | None
    our_micro: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What came of a finding. ``key``: the Idempotency-Key it was asked with."""

    key: str
    who: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A finding as it is kept."""

    id: UUID
    check_id: UUID
    finding: Finding
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """That a vendor told its day. ``sha256``: of what it told."""

    id: UUID
    key: str
    sha256: bytes
    lines: int
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A vendor's business day, compared. ``open_lines``: how many differ and nobody resolved: with
    none the day is done."""

    id: UUID
    vendor_id: UUID
    vendor_code: str
    business_day: date
    currency: str
    their_lines: int
    their_micro: int
    our_lines: int
    our_micro: int
    matched_lines: int
    open_lines: int
    posted_by: str
    posted_at: datetime

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to resolve."""
        return self.open_lines == 0
