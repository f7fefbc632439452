"""Rows of points of sale and of their sales, as values."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select

from prepay_ledger.vending.tables import (
    vend,
    vend_void,
    vendor,
    vendor_funding,
    vendor_funding_reversal,
)
from prepay_ledger.vending.values import (
    Funding,
    FundingReversal,
    Limits,
    Means,
    Order,
    Tender,
    Vend,
    Vendor,
    VendorKind,
    Void,
)

_VENDOR = ("id", "code", "name", "currency", "balance_micro", "sold_on", "sold_micro", "opened_at")
_VEND = (
    "id", "vendor_id", "vendor_code", "vendor_name", "account_id", "currency", "sold_by",
    "business_day", "balance_before_micro", "balance_micro", "owed_micro",
    "credit_micro", "supply_state", "at",
)  # fmt: skip
_FUNDING = ("id", "key", "amount_micro", "reference", "who", "journal_id", "at")
_REVERSAL = ("id", "key", "who", "reason", "journal_id", "at")
_VOID = ("id", "key", "who", "reason", "balance_micro", "at")


def vends() -> Select[Any]:
    """Sales with their vendors, and their voids where there are any."""
    voids = [vend_void.c[name].label(f"void_{name}") for name in _VOID]
    names = (vendor.c.code.label("vendor_code"), vendor.c.name.label("vendor_name"))
    joined = vend.join(vendor, vendor.c.id == vend.c.vendor_id).outerjoin(
        vend_void, vend_void.c.vend_id == vend.c.id
    )
    return select(vend, *names, *voids).select_from(joined)


def fundings() -> Select[Any]:
    """What vendors paid in, with its reversals where there are any."""
    reversals = [vendor_funding_reversal.c[name].label(f"reversal_{name}") for name in _REVERSAL]
    joined = vendor_funding.outerjoin(
        vendor_funding_reversal, vendor_funding_reversal.c.funding_id == vendor_funding.c.id
    )
    return select(vendor_funding, *reversals).select_from(joined)


def to_vendor(row: RowMapping) -> Vendor:
    """A vendor from its row."""
    return Vendor(
        **{name: row[name] for name in _VENDOR},
        kind=VendorKind(row["kind"]),
        limits=Limits(
            day_limit_micro=row["day_limit_micro"],
            credit_limit_micro=row["credit_limit_micro"],
            is_open=row["is_open"],
        ),
    )


def to_funding(row: RowMapping) -> Funding:
    """What a vendor paid in, from a row of `fundings`."""
    reversal = None
    if row["reversal_id"] is not None:
        reversal = FundingReversal(**{name: row[f"reversal_{name}"] for name in _REVERSAL})
    return Funding(
        **{name: row[name] for name in _FUNDING}, means=Means(row["means"]), reversal=reversal
    )


def to_vend(row: RowMapping) -> Vend:
    """A sale from a row of `vends`."""
    void = None
    if row["void_id"] is not None:
        void = Void(**{name: row[f"void_{name}"] for name in _VOID})
    return Vend(
        **{name: row[name] for name in _VEND},
        order=Order(
            key=row["key"],
            account_number=row["account_number"],
            amount_micro=row["amount_micro"],
            tender=Tender(row["tender"]),
            reference=row["reference"],
        ),
        paid_off={UUID(debt_id): micro for debt_id, micro in row["paid_off"].items()},
        void=void,
    )
