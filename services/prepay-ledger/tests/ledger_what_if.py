"""Histories for what-if simulations: households as they might have been."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.book import BUILT_IN, PolicyBook
from prepay_ledger.prepay_agreements.values import direct_terms, first_agreement
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.what_if.happened import history_of
from prepay_ledger.what_if.hours import Hours, hours_of
from prepay_ledger.what_if.look import Books
from prepay_ledger.what_if.values import Account, Begin, History, Move, Outcome, Seen
from prewatt_common.contracts.supply_policy_v1 import policy_of

UTC_ZONE = ZoneInfo("UTC")
FIRST = date(2026, 3, 2)  # a Monday
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
KWH = 1_000_000
"""What a kWh costs."""


def days(count: int, zone: ZoneInfo = UTC_ZONE) -> Hours:
    """From `FIRST` on."""
    return hours_of(FIRST, date.fromordinal(FIRST.toordinal() + count - 1), zone)


def books(document: Mapping[str, Any] | None = None) -> Books:
    """One policy for ever: what the default class gets, or what is built in."""
    policies = PolicyBook([])
    if document is not None:
        policy = policy_of({"default": document} if "default" not in document else document)
        policies = PolicyBook([replace(BUILT_IN, document=policy)])
    return Books(policies=policies, procedures=ProcedureBook())


def account(opening_micro: int = 0, begin: Begin | None = None, **changes: Any) -> Account:
    """Of a household with a meter and an agreement that lets it be cut at nothing left."""
    credit = changes.get("overdraft_micro", 0)
    terms = direct_terms(number="1", low_balance_micro=0, overdraft_micro=credit, at=LONG_AGO)
    signed = first_agreement(UUID(int=1), terms, Decided(by="test", reason="test", at=LONG_AGO))
    given = {
        "id": UUID(int=1),
        "number": "1",
        "currency": "CNY",
        "opening_micro": opening_micro,
        "low_balance_micro": 0,
        "overdraft_micro": 0,
        "is_protected": False,
        "opened_at": LONG_AGO,
        "begin": begin or Begin(),
        "agreements": [signed],
        "serves": [(LONG_AGO, None)],
    }
    return Account(**(given | changes))


def recorded(
    of: Account,
    hours: Hours,
    *,
    kwh: Sequence[int],
    moves: Sequence[Move] = (),
    seen: Sequence[Seen] = (),
) -> tuple[History, Outcome]:
    """``kwh``: used each day."""
    return history_of(
        of,
        charged_micro=[each * KWH for each in kwh],
        charged_wh=[each * 1_000 for each in kwh],
        moves=moves,
        seen=seen,
        hours=hours,
    )


def topup(at: datetime, micro: int) -> Move:
    """Paid by the customer."""
    return Move(at, micro, is_topup=True)
