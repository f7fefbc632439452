"""Vendors, what they sell, and the money between them and the utility, in integer micro-units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class VendorKind(StrEnum):
    """What sort of point of sale it is."""

    AGENCY = "agency"
    SHOP = "shop"
    ATM = "atm"
    CASHIER = "cashier"
    """A desk of the utility's own."""


class Tender(StrEnum):
    """What the customer paid with."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    CHEQUE = "cheque"


class Means(StrEnum):
    """How a vendor's money reached the utility."""

    BANK = "bank"
    CASH = "cash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a vendor may sell: ``day_limit_micro`` a business day, and ``credit_limit_micro`` beyond
    what it has paid in (zero: what it sells is paid for before)."""

    day_limit_micro: int
    credit_limit_micro: int
    is_open: bool = True
    """Whether it may sell at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A point of sale. ``balance_micro``: what is left of what it paid in; below zero it owes us
    what it has taken from customers. ``sold_micro``: of the business day ``sold_on``, without what
    was voided."""

    id: UUID
    code: str
    name: str
    kind: VendorKind
    currency: str
    limits: Limits
    balance_micro: int = 0
    sold_on: date | None = None
    sold_micro: int = 0
    opened_at: datetime

    @property
    def provider(self) -> str:
        """Who takes payments, for the room `payments`: no configured provider's name has a
        slash."""
        return f"vendor/{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorStep:
    """Something that a person decided about a vendor: ``decided`` says what."""

    action: str
    decided: Mapping[str, str | int | bool]
    who: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingReversal:
    """That money which was told of did not come, or was told wrongly. ``key``: the Idempotency-Key
    that it was asked with."""

    id: UUID
    key: str
    who: str
    reason: str
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """Money of a vendor that has reached the utility. ``key``: the Idempotency-Key that it was
    told under; ``reference``: of the transfer or slip."""

    id: UUID
    key: str
    amount_micro: int
    means: Means
    reference: str
    who: str
    journal_id: int
    at: datetime
    reversal: FundingReversal | None = None

    def tells(self, other: "Funding") -> bool:
        """Whether both tell of the same money."""
        return (self.amount_micro, self.means, self.reference) == (
            other.amount_micro,
            other.means,
            other.reference,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a vendor is asked to sell. ``key``: its own name of the sale, of which there is one."""

    key: str
    account_number: str
    amount_micro: int
    tender: Tender
    reference: str = ""
    """The till's own number, as it is printed; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """That a sale was taken back. ``balance_micro``: the account's, right after that."""

    id: UUID
    key: str
    """The Idempotency-Key that it was asked with."""
    who: str
    reason: str
    balance_micro: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """That a sale was reversed before it came: under ``key`` the vendor never sells."""

    key: str
    who: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Vend:
    """A sale, and how the account stood right before and after it: what its receipt says."""

    id: UUID
    vendor_id: UUID
    vendor_code: str
    vendor_name: str
    order: Order
    account_id: UUID
    currency: str
    sold_by: str
    business_day: date
    """In the utility's zone."""
    balance_before_micro: int
    balance_micro: int
    owed_micro: int
    """Debts apart from the balance, after what of the payment paid them."""
    paid_off: Mapping[UUID, int]
    """What of it each debt was paid."""
    credit_micro: int
    """What may be used below zero then, by overdraft and emergency credit."""
    supply_state: str
    at: datetime
    void: Void | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a payment went; the three sum to it."""

    debts_micro: int
    made_good_micro: int
    """What was used below zero (by overdraft or emergency credit) and is repaid."""
    added_micro: int
    """What is new on the balance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What a vendor sees of an account before it is paid for."""

    account_number: str
    holder: str | None
    """Masked; none where no name is kept."""
    currency: str
    balance_micro: int
    credit_micro: int
    owed_micro: int
    account_id: UUID
