"""Rule 1: from whatever came to one value an instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.checks.vee02_out_of_range import in_range, out_of_range
from prewatt_metering.vee.checks.vee03_conflict import conflicts
from prewatt_metering.vee.findings import Finding

_AT = itemgetter(0)
_WH = itemgetter(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One reading an instant, ascending; what was found on the way.

    ``distinct``: how many different (instant, value) came, whether they count or not.
    ``first_is_given``: the first is an opening (or closing) register.
    """

    readings: list[Reading]
    findings: list[Finding]
    distinct: int
    first_is_given: bool


def known_readings(
    *,
    readings: Iterable[Reading],
    installation: Installation,
    facts: MeterFacts,
    as_of_us: int | None = None,
) -> Known:
    """What counts of ``readings`` and of the installation's registers, as far as ``as_of_us``.

    A value that the register cannot show is none; of several values at one instant the lowest
    counts; an opening and a closing register beat all others at theirs.
    """
    ordered = sorted(readings)
    by_instant = {each[0]: each for each in reversed(ordered)}  # the lowest value wins
    odd = _odd_instants(ordered, by_instant, facts.modulus_wh)
    findings, distinct = list[Finding](), len(ordered)
    if odd:
        together = [each for each in ordered if each[0] in odd]
        distinct += len({each[:2] for each in together}) - len(together)
        for at_us, group in groupby(together, key=_AT):
            lowest, noticed = _lowest_fit(list(group), facts)
            findings += noticed
            if lowest is None:
                del by_instant[at_us]
            else:
                by_instant[at_us] = lowest
    given = {
        at_us: reading
        for at_us, reading in installation.given_readings().items()
        if as_of_us is None or at_us <= as_of_us
    }
    by_instant.update(given)
    known = sorted(by_instant.values())
    return Known(
        readings=known,
        findings=findings,
        distinct=distinct,
        first_is_given=bool(known) and known[0].at_us in given,
    )


def _odd_instants(
    ordered: list[Reading], by_instant: dict[int, Reading], modulus_wh: int | None
) -> set[int]:
    """Instants with more than one reading, or with one that is out of range; mostly there is none.

    Told by a few passes in C, so that a sound month costs no look at each reading.
    """
    odd = set[int]()
    if len(by_instant) < len(ordered):
        odd.update(before[0] for before, after in pairwise(ordered) if before[0] == after[0])
    if not ordered:
        return odd
    lowest, highest = min(map(_WH, ordered)), max(map(_WH, ordered))
    if not (
        in_range(register_wh=lowest, modulus_wh=modulus_wh)
        and in_range(register_wh=highest, modulus_wh=modulus_wh)
    ):
        odd.update(
            each[0] for each in ordered if not in_range(register_wh=each[1], modulus_wh=modulus_wh)
        )
    return odd


def _lowest_fit(together: list[Reading], facts: MeterFacts) -> tuple[Reading | None, list[Finding]]:
    """Of readings at one instant, ascending, the one that counts (none: none fits), and why."""
    by_value: dict[int, Reading] = {}
    for each in together:
        by_value.setdefault(each.register_wh, each)
    fit, findings = list[Reading](), list[Finding]()
    for each in by_value.values():
        if in_range(register_wh=each.register_wh, modulus_wh=facts.modulus_wh):
            fit.append(each)
        else:
            findings.append(
                out_of_range(facts=facts, at_us=each.at_us, register_wh=each.register_wh)
            )
    if not fit:
        return None, findings
    fit_wh = [each.register_wh for each in fit]
    findings += conflicts(meter=facts.meter, at_us=fit[0].at_us, fit_wh=fit_wh)
    return fit[0], findings
