"""The terms that meters are rated by: who a meter serves, and at what tariff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_metering.monthly.months import MonthClock
from prewatt_metering.monthly.registers import Binding
from prewatt_metering.monthly.tariffs import TariffVersion


@dataclass(frozen=True, slots=True)
class MeterBinding:
    """A meter serves an account at a tariff, for the range of ``binding``."""

    id: UUID
    account_id: UUID
    meter_id: str
    tariff_code: str
    binding: Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owes. ``number`` is the account number people know."""

    id: UUID
    number: str
    currency: str


class TariffBook:
    """Every tariff version known, and the calendar of each tariff's timezone."""

    def __init__(self, versions: Sequence[TariffVersion]) -> None:
        by_code: dict[str, list[TariffVersion]] = {}
        clocks: dict[str, MonthClock] = {}
        self._clocks: dict[str, MonthClock] = {}
        for version in versions:
            by_code.setdefault(version.code, []).append(version)
            if version.timezone not in clocks:
                clocks[version.timezone] = MonthClock(ZoneInfo(version.timezone))
            self._clocks[version.code] = clocks[version.timezone]
        self._by_code: Mapping[str, Sequence[TariffVersion]] = by_code
        self.clocks: Sequence[MonthClock] = tuple(clocks.values())
        """One a timezone."""

    def versions(self, code: str) -> Sequence[TariffVersion]:
        """The versions of a tariff; empty where it is not known (yet)."""
        return self._by_code.get(code, ())

    def clock(self, code: str) -> MonthClock | None:
        """Months in the tariff's timezone; none where the tariff is not known (yet)."""
        return self._clocks.get(code)
