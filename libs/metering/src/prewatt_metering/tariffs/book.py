"""The versions of a tariff, by the day from which each holds."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from prewatt_metering.tariffs.document import Cycle, InvalidTariff, TariffVersion, canonical
from prewatt_metering.tariffs.periods import Period

LASTING_FIELDS = ("code", "currency", "timezone", "cycle")
"""Of a version: what stays over a tariff's life."""


class NoTariff(LookupError):
    """No version holds on that day."""


class TariffBook:
    """All versions of one code; a version of one day is there once. Raises `InvalidTariff` where
    versions do not fit together: currency, zone and cycle stay over a tariff's life."""

    def __init__(self, versions: Iterable[TariffVersion]) -> None:
        self.versions = tuple(sorted(versions, key=lambda each: each.valid_from))
        if not self.versions:
            message = "a tariff has at least one version"
            raise InvalidTariff(message)
        self._starts = [version.valid_from for version in self.versions]
        first = self.versions[0]
        for before, version in pairwise(self.versions):
            if version.valid_from == before.valid_from:
                message = f"{version.code} has two versions from {version.valid_from}"
                raise InvalidTariff(message)
            for field in LASTING_FIELDS:
                if getattr(version, field) != getattr(first, field):
                    message = (
                        f"the version from {version.valid_from} has another {field} than the one"
                        f" from {first.valid_from}: that needs a tariff of its own"
                    )
                    raise InvalidTariff(message)

    @property
    def code(self) -> str:
        """Of every version."""
        return self.versions[0].code

    @property
    def cycle(self) -> Cycle:
        """Of every version."""
        return self.versions[0].cycle

    @property
    def has_annual_blocks(self) -> bool:
        """Whether blocks of any version fill over the calendar year."""
        return any(version.has_annual_blocks for version in self.versions)

    def version_of(self, day: date) -> TariffVersion:
        """The version that holds on ``day``. Raises `NoTariff` before the first."""
        place = bisect_right(self._starts, day)
        if place == 0:
            message = f"{self.code} has no version on {day}; the first is from {self._starts[0]}"
            raise NoTariff(message)
        return self.versions[place - 1]

    def parts_of(self, period: Period) -> list[tuple[TariffVersion, Period]]:
        """The versions of a period in order, each with its days; days before the first version are
        nobody's. Raises `NoTariff` where there are no others."""
        if period.end <= self._starts[0]:
            self.version_of(period.first)  # raises
        begin = max(period.first, self._starts[0])
        starts = [day for day in self._starts if begin < day < period.end]
        edges = [begin, *starts, period.end]
        return [(self.version_of(first), Period(first, end)) for first, end in pairwise(edges)]

    def versions_of(self, first: date, end: date | None) -> list[TariffVersion]:
        """Those that hold on a day from ``first`` up to, without, ``end`` (none: for ever)."""
        place = max(0, bisect_right(self._starts, first) - 1)
        return [each for each in self.versions[place:] if end is None or each.valid_from < end]

    def with_version(self, version: TariffVersion) -> "TariffBook":
        """The book with one more; the same version again changes nothing. Raises `InvalidTariff`
        for another version from the same day."""
        for known in self.versions:
            if known.valid_from == version.valid_from and canonical(known) == canonical(version):
                return self
        return TariffBook([*self.versions, version])
