"""Points of sale and their sales over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prepay_ledger.fields import AccountNumberField, CurrencyField
from prepay_ledger.vending.rules import parts_of
from prepay_ledger.vending.values import (
    Limits,
    Means,
    Tender,
    Vend,
    Vendor,
    VendorKind,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

AmountMicro = Annotated[int, Field(gt=0, le=10**15)]
VendorCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=40)]
ShortText = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
SubjectField = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]


class LimitsIn(Reason):
    """What the vendor may sell a business day, and beyond what it has paid in."""

    day_limit_micro: AmountMicro
    credit_limit_micro: Annotated[int, Field(ge=0, le=10**15)] = 0
    is_open: bool = True

    @property
    def limits(self) -> Limits:
        """As the use cases take them."""
        return Limits(
            **self.model_dump(include={"day_limit_micro", "credit_limit_micro", "is_open"})
        )


class VendorIn(LimitsIn):
    """A new point of sale."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "corner-shop-7",
                    "name": "Corner shop, Station Road",
                    "kind": "shop",
                    "currency": "CNY",
                    "day_limit_micro": 20_000_000_000,
                    "credit_limit_micro": 0,
                    "reason": "contract 2026-118",
                }
            ]
        },
    )
    code: VendorCode
    name: ShortText
    kind: VendorKind
    currency: CurrencyField


class SellerIn(Reason):
    """Who sells for a vendor: the subject of the token."""

    subject: SubjectField


class FundingIn(Body):
    """Money of a vendor that has reached the utility. ``reference``: of the transfer or slip."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"amount_micro": 5_000_000_000, "means": "bank", "reference": "TRF-88213"}]
        },
    )
    amount_micro: AmountMicro
    means: Means
    reference: ShortText


class HolderIn(Body):
    """The name by which a till knows an account, masked; null: it is forgotten."""

    name: ShortText | None


class VendIn(Body):
    """A sale. ``reference``: the till's own number, as it is printed on the receipt."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account_number": "A-1001",
                    "amount_micro": 50_000_000,
                    "tender": "cash",
                    "reference": "T7-000123",
                }
            ]
        },
    )
    account_number: AccountNumberField
    amount_micro: AmountMicro
    tender: Tender
    reference: ShortText | None = None


class ReversalIn(Reason):
    """Which sale is not to stand: by the vendor's own Idempotency-Key of it."""

    key: ShortText


class ReversalOut(BaseModel):
    """``vend``: the sale, void; null where it had not come: it is refused from now on."""

    key: str
    vend: "VendOut | None"


class VendorOut(BaseModel):
    """A point of sale. ``balance_micro``: what is left of what it paid in; below zero it owes
    that. ``sold_micro``: on the business day ``sold_on``, its latest, without what was voided."""

    code: str
    name: str
    kind: VendorKind
    currency: str
    day_limit_micro: int
    credit_limit_micro: int
    is_open: bool
    balance_micro: int
    sold_on: date | None
    sold_micro: int
    opened_at: datetime


class VendorViewOut(VendorOut):
    """A point of sale, and the subjects of who sells for it."""

    sellers: list[str]


class FundingReversalOut(BaseModel, from_attributes=True):
    """Who took a funding off again, and why."""

    id: UUID
    who: str
    reason: str
    journal_id: int
    at: datetime


class FundingOut(BaseModel, from_attributes=True):
    """What a vendor paid in, and who said so. ``reversal``: null while it stands."""

    id: UUID
    key: str
    amount_micro: int
    means: Means
    reference: str
    who: str
    journal_id: int
    at: datetime
    reversal: FundingReversalOut | None


class FundingReversalIn(Reason):
    """Why a funding is taken off again."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "cheque 4711 bounced"}]},
    )


class VoidOut(BaseModel, from_attributes=True):
    """Who took a sale back, why, and the account's balance right after that."""

    who: str
    reason: str
    balance_micro: int
    at: datetime


class WentTo(BaseModel, from_attributes=True):
    """Where a payment went; the three sum to it. ``made_good_micro``: what had been used below
    zero."""

    debts_micro: int
    made_good_micro: int
    added_micro: int


class VendOut(BaseModel):
    """A sale, and what its receipt says: how the account stood right after it. ``owed_micro``: what
    is owed apart from the balance. ``left_micro``: what can be used from there, below zero
    too. ``void``: null unless it was taken back."""

    id: UUID
    key: str
    vendor: str
    vendor_name: str
    account_number: str
    amount_micro: int
    currency: str
    tender: Tender
    reference: str | None
    sold_by: str
    business_day: date
    at: datetime
    went_to: WentTo
    balance_before_micro: int
    balance_micro: int
    owed_micro: int
    left_micro: int
    supply_state: str
    void: VoidOut | None


class PayableOut(BaseModel, from_attributes=True):
    """An account before it is paid for. ``holder``: masked; null where no name is kept.
    ``credit_micro``: what may be used below zero, by overdraft and emergency credit.
    ``most_micro``: what may be sold to it at most, as the policy knows a maximum balance; null: no
    such limit."""

    account_number: str
    holder: str | None
    currency: str
    balance_micro: int
    credit_micro: int
    owed_micro: int
    most_micro: int | None = None


def vendor_fields(vendor: Vendor) -> dict[str, Any]:
    """As it is shown."""
    limits = vendor.limits
    return {
        "code": vendor.code,
        "name": vendor.name,
        "kind": vendor.kind,
        "currency": vendor.currency,
        "day_limit_micro": limits.day_limit_micro,
        "credit_limit_micro": limits.credit_limit_micro,
        "is_open": limits.is_open,
        "balance_micro": vendor.balance_micro,
        "sold_on": vendor.sold_on,
        "sold_micro": vendor.sold_micro,
        "opened_at": vendor.opened_at,
    }


def vendor_out(vendor: Vendor) -> VendorOut:
    """As a list shows it."""
    return VendorOut(**vendor_fields(vendor))


def vend_out(vend: Vend) -> VendOut:
    """As it is shown."""
    order = vend.order
    return VendOut(
        id=vend.id,
        key=order.key,
        vendor=vend.vendor_code,
        vendor_name=vend.vendor_name,
        account_number=order.account_number,
        amount_micro=order.amount_micro,
        currency=vend.currency,
        tender=order.tender,
        reference=order.reference or None,
        sold_by=vend.sold_by,
        business_day=vend.business_day,
        at=vend.at,
        went_to=WentTo.model_validate(parts_of(vend)),
        balance_before_micro=vend.balance_before_micro,
        balance_micro=vend.balance_micro,
        owed_micro=vend.owed_micro,
        left_micro=vend.balance_micro + vend.credit_micro,
        supply_state=vend.supply_state,
        void=None if vend.void is None else VoidOut.model_validate(vend.void),
    )
