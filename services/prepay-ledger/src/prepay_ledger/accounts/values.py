"""What is given when accounts are opened and changed."""

from dataclasses import dataclass

from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.values import Account
from prepay_ledger.installations.values import InstalledMeter, Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account's supply is decided by; none: left as it is."""

    low_balance_micro: int | None = None
    emergency_credit_micro: int | None = None
    protected: bool | None = None


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One line: an account, its tariff, and the meter that serves it (``meter``: what is known of
    it, where the line says more than that it is a household's). ``account.balance_micro`` is what
    the customer had left in the system it comes from."""

    number: int
    """The line in the file, for people."""
    account: Account
    agreement: Agreement
    installed: InstalledMeter
    meter: Meter | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many accounts were opened, and how many were there before and left as they are."""

    opened: int
    existing: int
