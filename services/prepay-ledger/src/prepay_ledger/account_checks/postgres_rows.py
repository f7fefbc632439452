"""Rows of account checks, as values."""

from typing import Any

from sqlalchemy import RowMapping, Select, select

from prepay_ledger.account_checks.tables import (
    account_check,
    account_check_line,
    account_check_resolution,
)
from prepay_ledger.account_checks.values import Check, Difference, Finding, Line, Resolution
from prepay_ledger.vending.tables import vendor

_CHECK = (
    "id", "vendor_id", "business_day", "their_lines", "their_micro", "our_lines", "our_micro",
    "matched_lines", "open_lines", "posted_by", "posted_at",
)  # fmt: skip
_FINDING = ("key", "vend_id", "their_account", "their_micro", "our_account", "our_micro")
_RESOLUTION = ("key", "who", "reason", "at")


def checks() -> Select[Any]:
    """Days with their vendors."""
    names = (vendor.c.code.label("vendor_code"), vendor.c.currency)
    joined = account_check.join(vendor, vendor.c.id == account_check.c.vendor_id)
    return select(account_check, *names).select_from(joined)


def lines() -> Select[Any]:
    """Findings with what came of them."""
    resolutions = [
        account_check_resolution.c[name].label(f"resolution_{name}") for name in _RESOLUTION
    ]
    joined = account_check_line.outerjoin(
        account_check_resolution, account_check_resolution.c.line_id == account_check_line.c.id
    )
    return select(account_check_line, *resolutions).select_from(joined)


def to_check(row: RowMapping) -> Check:
    """A day from a row of `checks`."""
    return Check(
        **{name: row[name] for name in _CHECK},
        vendor_code=row["vendor_code"],
        currency=row["currency"],
    )


def to_line(row: RowMapping) -> Line:
    """A finding from a row of `lines`."""
    resolution = None
    if row["resolution_key"] is not None:
        resolution = Resolution(**{name: row[f"resolution_{name}"] for name in _RESOLUTION})
    finding = Finding(
        **{name: row[name] for name in _FINDING}, difference=Difference(row["difference"])
    )
    return Line(id=row["id"], check_id=row["check_id"], finding=finding, resolution=resolution)
