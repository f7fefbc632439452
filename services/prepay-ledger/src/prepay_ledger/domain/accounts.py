"""Accounts, bindings and payments as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_metering.monthly.months import MonthClock
from prewatt_metering.monthly.tariffs import TariffVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owes. Balance and limits in micro-units of ``currency``; positive is money left."""

    id: UUID
    number: str
    currency: str
    balance_micro: int
    low_balance_micro: int
    emergency_credit_micro: int
    protected: bool
    supply_state: SupplyState
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account's supply is decided by; none: left as it is."""

    low_balance_micro: int | None = None
    emergency_credit_micro: int | None = None
    protected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBinding:
    """A meter to serve an account from an instant on, with its register then."""

    id: UUID
    account_id: UUID
    meter_id: str
    tariff_code: str
    effective_from: datetime
    effective_to: datetime | None
    opening_wh: int


class PaymentOutcome(StrEnum):
    """What became of a payment's money."""

    CREDITED = "credited"
    SUSPENSE = "suspense"
    RETURNED = "returned"
    """It was in suspense and is to go back to its payer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that a provider says it has taken for us."""

    provider: str
    payment_id: str
    account_number: str
    amount_micro: int
    currency: str


class TariffBook:
    """Every tariff's versions, with a month clock in each one's timezone."""

    def __init__(self, versions: Sequence[TariffVersion]) -> None:
        by_code: dict[str, list[TariffVersion]] = {}
        for version in versions:
            by_code.setdefault(version.code, []).append(version)
        self._by_code: Mapping[str, Sequence[TariffVersion]] = by_code
        self._clocks = {
            code: MonthClock(ZoneInfo(some[-1].timezone)) for code, some in by_code.items()
        }

    def versions(self, code: str) -> Sequence[TariffVersion]:
        """The versions of a tariff, empty if there is none."""
        return self._by_code.get(code, ())

    def clock(self, code: str) -> MonthClock:
        """Months in the tariff's timezone. Raises KeyError for a tariff that does not exist."""
        return self._clocks[code]
