"""Findings: what validation noticed, with both values, and the checks that make them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from prewatt_metering.registers.installations import Installation

_FOR_EVER_US = 2**62
# check, meter, begin_us, end_us, before, after
FindingKey = tuple[str, str, int, int, int | None, int | None]


class Severity(StrEnum):
    """info: as it should be, but worth knowing. warn: to look at. fail: the figures are wrong."""

    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check noticed of ``meter``: at an instant (both ends the same) or in an interval.

    ``before`` and ``after`` are the two values that disagree, in ``unit``: what was expected or
    stood there, and what came. ``count``: how often the same was noticed. ``stops_cut``: nobody is
    cut on this meter's account until a person has looked.
    """

    check: str
    name: str
    severity: Severity
    meter: str
    begin_us: int
    end_us: int
    before: int | None
    after: int | None
    unit: str
    stops_cut: bool
    count: int = 1

    @property
    def key(self) -> FindingKey:
        """What a person names who has looked at it: other values make another finding, but of a
        check that goes on (`Check.goes_on`)."""
        return (self.check, self.meter, self.begin_us, self.end_us, self.before, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule with a stable id, such as VEE-06: never given to another rule.

    ``says`` is one sentence for the person who gets the finding; ``values`` names what before and
    after are. ``goes_on``: its findings are stretches that grow with what comes, so one is known by
    meter, check and begin, whatever its end and values are by now.

    Raises ValueError for one that stops cuts and goes on: what a person said of it as it was would
    let a cut through for what it has become.
    """

    check_id: str
    name: str
    severity: Severity
    says: str
    values: str
    unit: str = "Wh"
    stops_cut: bool = False
    goes_on: bool = False

    def __post_init__(self) -> None:
        if self.stops_cut and self.goes_on:
            message = f"{self.check_id} stops cuts, so its findings cannot be known by their begin"
            raise ValueError(message)

    def finding(
        self,
        *,
        meter: str,
        begin_us: int,
        end_us: int,
        before: int | None,
        after: int | None,
        severity: Severity | None = None,
        count: int = 1,
    ) -> Finding:
        """A finding of this check; ``severity`` where it depends on the values."""
        return Finding(
            check=self.check_id,
            name=self.name,
            severity=self.severity if severity is None else severity,
            meter=meter,
            begin_us=begin_us,
            end_us=end_us,
            before=before,
            after=after,
            unit=self.unit,
            stops_cut=self.stops_cut,
            count=count,
        )


def findings_within(findings: Iterable[Finding], installation: Installation) -> tuple[Finding, ...]:
    """Those that concern the installation's own time, its ends included: what readings before and
    after it come to is judged by the installations there."""
    from_us = -1 if installation.from_us is None else installation.from_us
    to_us = _FOR_EVER_US if installation.to_us is None else installation.to_us

    def concerns(each: Finding) -> bool:
        if each.begin_us == each.end_us:
            return from_us <= each.begin_us <= to_us
        return from_us < each.end_us and each.begin_us < to_us

    return tuple(each for each in findings if concerns(each))


def unseen_stops(
    *,
    findings: Iterable[Finding],
    looked_at: Iterable[FindingKey],
) -> tuple[Finding, ...]:
    """The findings that hold a cut now: those that stop one and that nobody has looked at.

    ``looked_at`` are the `Finding.key`s that a person has dealt with.
    """
    known = frozenset(looked_at)
    return tuple(each for each in findings if each.stops_cut and each.key not in known)
