"""Links and payments begun by them, as rows."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.pay_links.tables import link_payment, pay_link
from prepay_ledger.pay_links.values import Attempt, AttemptState, PayLink

LINK = [pay_link.c[name] for name in PayLink.__dataclass_fields__]
ATTEMPT = [link_payment.c[name] for name in Attempt.__dataclass_fields__]


def to_link(row: RowMapping) -> PayLink:
    """Of a row that has all of `LINK`."""
    return PayLink(**{name: row[name] for name in PayLink.__dataclass_fields__})


def to_attempt(row: RowMapping) -> Attempt:
    """Of a row that has all of `ATTEMPT`."""
    names = [name for name in Attempt.__dataclass_fields__ if name != "state"]
    return Attempt(**{name: row[name] for name in names}, state=AttemptState(row["state"]))


def values_of(thing: PayLink | Attempt) -> dict[str, Any]:
    """By column."""
    return asdict(thing)
