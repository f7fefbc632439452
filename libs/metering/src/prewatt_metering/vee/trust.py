"""Trust: from the set of a meter's readings to intervals that may be charged, and findings.

Three rules: one value an instant (`known`), what a step between two is (`steps`), and which
readings left the register's path and came back to it (`walk`). A function of the set: neither the
order in which readings came nor how often one came changes anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import NO_INTERVALS, Intervals
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.vee.checks import (
    vee01_duplicate,
    vee02_out_of_range,
    vee03_conflict,
    vee04_rollover,
    vee05_glitch,
    vee06_reset,
    vee07_implausible,
)
from prewatt_metering.vee.checks.vee08_six_excursions import six_excursions
from prewatt_metering.vee.findings import Finding
from prewatt_metering.vee.known import known_readings
from prewatt_metering.vee.steps import Kind, step_rule
from prewatt_metering.vee.walk import Path, walk

_UNUSUAL = {
    Kind.ROLLOVER: vee04_rollover.CHECK,
    Kind.RESET: vee06_reset.CHECK,
    Kind.IMPLAUSIBLE: vee07_implausible.CHECK,
}
FLAGS = frozenset(
    each.name
    for each in (
        vee01_duplicate.CHECK,
        vee02_out_of_range.CHECK,
        vee03_conflict.CHECK,
        vee05_glitch.CHECK,
        *_UNUSUAL.values(),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the readings of one meter say at one installation.

    ``intervals`` lie between trusted readings, end to end, in Wh of the register; they reach as
    far as the readings do, beyond the installation's ends too. ``last`` is the last trusted
    reading; a single one bounds no interval. ``repeats`` is how many readings were repetitions; it
    is no part of what is equal, as the same set may come in any number.
    """

    intervals: Intervals
    findings: tuple[Finding, ...]
    last: Reading | None
    repeats: int = field(compare=False)

    def flags(self) -> dict[str, int]:
        """How often each of the names of `FLAGS` was found, where it was; by distinct values."""
        counts: dict[str, int] = {}
        if self.repeats:
            counts[vee01_duplicate.CHECK.name] = self.repeats
        for each in self.findings:
            if each.name in FLAGS:
                counts[each.name] = counts.get(each.name, 0) + each.count
        return counts


def trusted(
    *,
    readings: Iterable[Reading],
    installation: Installation,
    facts: MeterFacts,
    as_of_us: int | None = None,
) -> Trust:
    """Intervals and findings of ``readings``, all of one meter, in any order, repeated or not.

    Readings after ``as_of_us`` do not count, nor does an opening or closing register. Those before
    and after the installation do: they say how far its first and last readings can be trusted.
    """
    counted = list(readings)
    if as_of_us is not None:
        counted = [each for each in counted if each.at_us <= as_of_us]
    known = known_readings(
        readings=counted, installation=installation, facts=facts, as_of_us=as_of_us
    )
    path = walk(
        known=known.readings,
        first_is_given=known.first_is_given,
        rule=step_rule(facts=facts, installation=installation),
    )
    findings = known.findings + _findings_of(path, known.readings, facts.meter)
    findings.sort(key=lambda each: (each.begin_us, each.check, each.end_us, each.after))
    return Trust(
        intervals=_intervals(path, known.readings),
        findings=tuple(findings),
        last=known.readings[path.kept[-1]] if path.kept else None,
        repeats=len(counted) - known.distinct,
    )


def _intervals(path: Path, known: list[Reading]) -> Intervals:
    if not path.deltas_wh:
        return NO_INTERVALS
    kept = known if len(path.kept) == len(known) else [known[place] for place in path.kept]
    at_us, _, qualities = zip(*kept, strict=True)
    if max(qualities) is Quality.MEASURED and kept is known:
        quality = (Quality.MEASURED,) * len(path.deltas_wh)
    else:
        quality = tuple(_quality(path.kept, known, number) for number in range(1, len(kept)))
    return Intervals(at_us=at_us, wh=tuple(path.deltas_wh), quality=quality)


def _quality(kept: list[int], known: list[Reading], number: int) -> Quality:
    """The worse of both ends; spread by time where readings between them do not count."""
    before, after = kept[number - 1], kept[number]
    skipped = Quality.INTERPOLATED if after - before > 1 else Quality.MEASURED
    return max(known[before].quality, known[after].quality, skipped)


def _findings_of(path: Path, known: list[Reading], meter: str) -> list[Finding]:
    found: list[Finding] = []
    for number, kind in path.unusual.items():
        before, after = known[path.kept[number - 1]], known[path.kept[number]]
        found.append(
            _UNUSUAL[kind].finding(
                meter=meter,
                begin_us=before.at_us,
                end_us=after.at_us,
                before=before.register_wh,
                after=after.register_wh,
            )
        )
    found += [
        vee05_glitch.CHECK.finding(
            meter=meter,
            begin_us=known[place].at_us,
            end_us=known[place].at_us,
            before=known[base].register_wh,
            after=known[place].register_wh,
        )
        for base, place in path.glitches
    ]
    return found + six_excursions(
        meter=meter, excursions_us=[known[place].at_us for place in path.excursions()]
    )
