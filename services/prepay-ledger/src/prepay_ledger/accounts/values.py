"""What is given when accounts are opened and changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.values import Account
from prepay_ledger.installations.values import InstalledMeter, Meter
from prepay_ledger.journal.values import Balance
from prepay_ledger.prepay_agreements.values import PrepayTerms
from prepay_ledger.supply.thresholds import Thresholds, review_thresholds
from prepay_ledger.supply.warning_limits import WarningLimit, warning_limits
from prewatt_common.contracts.supply_policy_v1 import Warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account's supply is decided by; none: left as it is."""

    low_balance_micro: int | None = None
    overdraft_micro: int | None = None
    protected: bool | None = None


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One line: an account, its tariff, and the meter that serves it (``meter``: what is known of
    it, where the line says more than that it is a household's). ``account.balance_micro`` is what
    the customer had left in the system it comes from. ``signed``: what was signed about prepayment;
    none: nothing, and the account is not cut by itself."""

    number: int
    """The line in the file, for people."""
    account: Account
    agreement: Agreement
    installed: InstalledMeter
    meter: Meter | None
    signed: PrepayTerms | None = None


class Opening(NamedTuple):
    """A line with the account's balance as it was brought (none: it brought nothing) and as it
    stands once what is due of it is charged."""

    line: ImportLine
    brought: Balance | None
    balance: Balance
    moves: int
    """How often the balance has moved."""

    @staticmethod
    def of(line: ImportLine, *, charges_micro: int | None, above: int) -> "Opening":
        """``charges_micro``: what the first charges move the balance by; none where there are none.
        ``above``: what the numbers of balances begin with."""
        account = line.account
        balance = Balance(account.id, above, 0, is_due=False)
        brought = None
        if account.balance_micro:
            balance = brought = _moved(balance, account.balance_micro, account)
        if charges_micro is not None:
            balance = _moved(balance, charges_micro, account)
        return Opening(line, brought, balance, moves=balance.number - above)


def _moved(balance: Balance, micro: int, account: Account) -> Balance:
    now_micro = balance.balance_micro + micro
    is_due = first_thresholds(account).crossed_by(now_micro)
    return Balance(account.id, balance.number + 1, now_micro, is_due=is_due)


def first_thresholds(account: Account) -> Thresholds:
    """When a new account is looked at: as soon as its balance is low."""
    return review_thresholds(
        state=account.supply_state,
        balance_micro=account.balance_micro,
        warned_at=_own_limits(account.low_balance_micro),
        exhausted_micro=-account.overdraft_micro,
    )


@lru_cache(maxsize=1_000)
def _own_limits(low_balance_micro: int) -> Sequence[WarningLimit]:
    """Of an import many accounts have the same."""
    return warning_limits(Warnings(), own_micro=low_balance_micro)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many accounts were opened, and how many were there before and left as they are."""

    opened: int
    existing: int
