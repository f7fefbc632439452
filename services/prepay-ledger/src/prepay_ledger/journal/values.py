"""Double entry: a journal's customer entries and utility postings sum to zero.

Signs are the customer's: a positive amount on an account is money the utility owes it (a
prepaid balance is the utility's liability), so revenue and tax are positive, and what a payment
provider owes us (clearing) is negative.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class UtilityAccount(StrEnum):
    """The utility's sides of a journal."""

    REVENUE_ENERGY = "revenue:energy"
    REVENUE_STANDING = "revenue:standing"
    REVENUE_CAPACITY = "revenue:capacity"
    REVENUE_LATE = "revenue:late-charges"
    """What was not paid in time has cost customers."""
    DISCOUNTS = "discounts"
    ROUNDING = "rounding"
    TAX = "tax"
    SUSPENSE = "suspense"
    OPENING_BALANCES = "opening-balances"
    WRITTEN_OFF = "written-off"
    BANK = "bank"
    """What has reached the utility's bank accounts from points of sale."""
    CASH = "cash"
    """What they have brought in notes and coins."""
    CASH_OVER_SHORT = "cash-over-short"
    """What was in cashiers' drawers more than they had taken; below zero: less."""
    GUARANTEES_CALLED = "guarantees-called"
    """What issuers of guarantees were called on for and have not paid yet: below zero."""
    REFUNDS_IN_TRANSIT = "refunds-in-transit"
    """What was paid out to customers and is not known to have left the bank, or a counter."""
    ADJUSTMENTS = "adjustments"
    """What balances were adjusted by, a ledger account a cause."""
    PAYMENT_FEES = "payment-fees"
    """What payment providers have kept for themselves: below zero."""


class SubAccount(StrEnum):
    """What of an account's money an entry moves.

    ``credit`` is its balance: what it has, or owes of what it used, by overdraft and emergency
    credit too. Apart from that: ``debt``, what is owed and paid off by top-ups, never above zero;
    ``hold``, what is set aside and not to be spent, never below; ``deposit``, what was left as
    security in cash, never below either; ``estimate``, what silent meters have probably used, until
    they are read.
    """

    CREDIT = "credit"
    DEBT = "debt"
    HOLD = "hold"
    DEPOSIT = "deposit"
    ESTIMATE = "estimate"


def clearing(provider: str) -> str:
    """The ledger account of what ``provider`` has taken for us and still has to pay out."""
    return f"clearing:{provider}"


def estimated(ledger_account: str) -> str:
    """The ledger account of what of ``ledger_account`` is an estimate: no revenue yet."""
    return f"estimated:{ledger_account}"


def cash_in_hand(person: str) -> str:
    """The ledger account of the cash of closed days that ``person`` still has."""
    return f"cash-in-hand:{person}"


def cash_in_transit(person: str) -> str:
    """The ledger account of what ``person`` has handed over and nobody has received yet."""
    return f"cash-in-transit:{person}"


def refund_due(provider: str) -> str:
    """The ledger account of what is to go back to payers by ``provider`` and has not gone yet."""
    return f"refund-due:{provider}"


def payout_in_transit(provider: str) -> str:
    """The ledger account of what ``provider`` says it has sent to the bank and is not there."""
    return f"payout-in-transit:{provider}"


class Balance(NamedTuple):
    """An account's balance as a movement has left it. ``number``: of two the higher one is newer,
    whatever database is restored. ``is_due``: the balance calls for a supply review."""

    account_id: UUID
    number: int
    balance_micro: int
    is_due: bool


class Unbalanced(AssertionError):
    """A journal that does not sum to zero: a fault of ours that must never reach the database."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer's side: what an account's balance, or another sub-account of it, moves by, in
    micro-units."""

    account_id: UUID
    amount_micro: int
    agreement_id: UUID | None = None
    period_first: date | None = None
    energy_wh: int | None = None
    """Of a charge: what was used more, or less where it is below zero."""
    sub_account: SubAccount = SubAccount.CREDIT


@dataclass(frozen=True, slots=True)
class Journal:
    """Entries and postings of one currency that belong together. Raises `Unbalanced` unless they
    sum to zero."""

    kind: str
    source: str
    currency: str
    entries: tuple[Entry, ...]
    postings: Mapping[str, int]

    def __post_init__(self) -> None:
        total = sum(e.amount_micro for e in self.entries) + sum(self.postings.values())
        if total != 0:
            message = f"{self.kind} from {self.source} is off by {total} micro-units"
            raise Unbalanced(message)


def movements(entries: Iterable[Entry]) -> dict[UUID, int]:
    """What each account's balance moves by, summed over its entries: by zero where they move other
    sub-accounts only, so that whoever moves an account's money holds its row."""
    moved: dict[UUID, int] = {}
    for entry in entries:
        micro = entry.amount_micro if entry.sub_account is SubAccount.CREDIT else 0
        moved[entry.account_id] = moved.get(entry.account_id, 0) + micro
    return moved


def sub_movements(entries: Iterable[Entry]) -> dict[tuple[UUID, SubAccount], int]:
    """What sub-accounts other than the balance move by."""
    moved: dict[tuple[UUID, SubAccount], int] = {}
    for entry in entries:
        if entry.sub_account is not SubAccount.CREDIT:
            key = entry.account_id, entry.sub_account
            moved[key] = moved.get(key, 0) + entry.amount_micro
    return moved
