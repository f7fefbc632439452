"""Every tariff, with its versions."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from prewatt_metering.monthly.months import MonthClock
from prewatt_metering.monthly.tariffs import TariffVersion


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
