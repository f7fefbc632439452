"""What a device's register has counted: its readings as people left them, those that are trusted,
and the register as if it had never begun again. Rules 1 to 3 of libs/metering/README.md.

Readings are cut into runs, in which each follows the one before by an ordinary step. Within a run
nothing is to be decided; where one ends, the register left its path there or came back to it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from billing.readings.values import Reading
from billing.terms.values import Edit, Installation, MeterFacts
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_metering.calendar.instants import DAY_US, HOUR_US

EXCURSION_US_MAX = 7 * DAY_US
"""How long a register can be off its path and still come back."""
UNOPENED_EXCURSION_US_MAX = DAY_US
"""The same where one reading alone, the first there is, speaks for the path that was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTerms:
    """A meter as the facts say: what bounds its steps, where it ever was, what was edited."""

    facts: MeterFacts
    installations: Sequence[Installation]
    """All of them, whomever they serve: they say which device a reading is of."""
    edits: Sequence[Edit] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Trusted readings, ascending, as Wh at the point of supply since whenever: ``wh`` never falls.
    What a rollover counted is in it, what a step that cannot be seems to have counted is not."""

    at_us: Sequence[int]
    wh: Sequence[int]

    def wh_at(self, when_us: int) -> int:
        """By elapsed time between two readings, rounded down. From the first to the last only."""
        after = bisect_left(self.at_us, when_us)
        if self.at_us[after] == when_us:
            return self.wh[after]
        begin_us, begin_wh = self.at_us[after - 1], self.wh[after - 1]
        rise_wh, lasted_us = self.wh[after] - begin_wh, self.at_us[after] - begin_us
        return begin_wh + rise_wh * (when_us - begin_us) // lasted_us


def edited(readings: Iterable[Reading], edits: Iterable[Edit]) -> list[Reading]:
    """The readings, and at each instant that somebody decided about what was decided last."""
    last = {each.at_us: each for each in sorted(edits, key=lambda one: (one.decided_us, one.id))}
    decided = {at_us for at_us, each in last.items() if each.kind is not EditKind.RESTORE}
    kept = [each for each in readings if each.at_us not in decided] if decided else list(readings)
    kept += [
        Reading(each.at_us, each.register_wh)
        for each in last.values()
        if each.register_wh is not None
    ]
    return kept


def counted(
    *, readings: Iterable[Reading], installation: Installation, meter: MeterTerms
) -> Counted:
    """What ``installation`` can be charged by. ``readings``: all of the meter, `edited`; in any
    order, repeated or not."""
    known, bounds = _known(readings, installation, meter)
    opened = bool(known) and known[0].at_us in given(installation)
    trusted = _trusted(known, bounds, opened=opened)
    return Counted(
        at_us=[each.at_us for each in trusted],
        wh=_unrolled(trusted, bounds, installation.multiplier),
    )


def shown(
    *, readings: Iterable[Reading], installation: Installation, meter: MeterTerms
) -> tuple[list[Reading], list[int]]:
    """What the installation's device showed, ascending, and the places in it that do not follow the
    one before by an ordinary step."""
    known, bounds = _known(readings, installation, meter)
    return known, bounds.run_ends(known)


def others_at(installation: Installation, meter: MeterTerms) -> list[Installation]:
    """Where another device hung under the same id, whose readings are none of this one."""
    return [
        each
        for each in meter.installations
        if each != installation
        and None not in (each.device, installation.device)
        and each.device != installation.device
    ]


def _known(
    readings: Iterable[Reading], installation: Installation, meter: MeterTerms
) -> tuple[list[Reading], "_Bounds"]:
    """What the installation's device showed, ascending, and what bounds its steps."""
    registers = given(installation)
    known = _one_an_instant(_of_device(readings, installation, meter), registers, meter.facts)
    return known, _Bounds(meter.facts, installation)


def given(installation: Installation) -> dict[int, int]:
    """The registers that people read where it began and ended, by instant; the last one where both
    are at one."""
    ends = (
        (installation.from_us, installation.opening_wh),
        (installation.to_us, installation.closing_wh),
    )
    return {at_us: wh for at_us, wh in ends if at_us is not None and wh is not None}


def _of_device(
    readings: Iterable[Reading], installation: Installation, meter: MeterTerms
) -> Iterable[Reading]:
    """Without what another device counted, that hung under the same id, and with the registers that
    people read of this one elsewhere, which beat readings of their instants."""
    others = [each for each in meter.installations if each != installation]
    strange = others_at(installation, meter)
    read = {
        Reading(at_us, wh)
        for each in others
        if each not in strange
        for at_us, wh in given(each).items()
    }
    if not strange and not read:
        return readings
    beaten = {each.at_us for each in read}
    return [
        each
        for each in readings
        if each.at_us not in beaten and not any(other.covers(each.at_us) for other in strange)
    ] + list(read)


def _one_an_instant(
    readings: Iterable[Reading], registers: dict[int, int], facts: MeterFacts
) -> list[Reading]:
    """Ascending. The lower of two values at an instant counts, one that the register cannot show
    does not, and what was given for the installation beats both."""
    end_wh = inf if facts.modulus_wh is None else facts.modulus_wh
    shown = [each for each in readings if 0 <= each.register_wh < end_wh]
    shown.sort(reverse=True)
    lowest = {each.at_us: each for each in shown}
    lowest.update((at_us, Reading(at_us, wh)) for at_us, wh in registers.items())
    return sorted(lowest.values())


class _Bounds:
    """What a step from a reading to a later one can be."""

    def __init__(self, facts: MeterFacts, installation: Installation) -> None:
        self._resolution_wh = facts.resolution_wh
        self._modulus_wh = facts.modulus_wh
        self._wh_us = installation.multiplier * HOUR_US
        self._limit_w = facts.limit_w

    def run_ends(self, known: Sequence[Reading]) -> list[int]:
        """The places of the readings that do not follow the one before by an ordinary step."""
        resolution_wh, wh_us, limit_w = self._resolution_wh, self._wh_us, self._limit_w
        # `ordinary`, spelled out: this is the one look that is taken at every reading.
        return [
            place
            for place, ((at_us, wh), (next_us, next_wh)) in enumerate(pairwise(known), 1)
            if next_wh < wh or (next_wh - wh - resolution_wh) * wh_us > limit_w * (next_us - at_us)
        ]

    def ordinary(self, before: Reading, after: Reading) -> bool:
        """Whether the register rose, and by no more than can have flowed."""
        rise_wh = after.register_wh - before.register_wh
        return rise_wh >= 0 and self._can_flow(rise_wh, before, after)

    def rollover_wh(self, before: Reading, after: Reading) -> int | None:
        """What a register counted that fell, but by beginning again at 0; none: it did not."""
        rise_wh = after.register_wh - before.register_wh
        if rise_wh >= 0 or self._modulus_wh is None:
            return None
        rise_wh += self._modulus_wh
        is_small = 0 <= 2 * rise_wh <= self._modulus_wh
        return rise_wh if is_small and self._can_flow(rise_wh, before, after) else None

    def can_be(self, before: Reading, after: Reading) -> bool:
        """Whether it is either."""
        return self.ordinary(before, after) or self.rollover_wh(before, after) is not None

    def _can_flow(self, rise_wh: int, before: Reading, after: Reading) -> bool:
        needed = (rise_wh - self._resolution_wh) * self._wh_us
        return needed <= self._limit_w * (after.at_us - before.at_us)


def _trusted(known: Sequence[Reading], bounds: _Bounds, *, opened: bool) -> Sequence[Reading]:
    """``known`` without the readings that left the register's path and came back to it."""
    ends = bounds.run_ends(known)
    if not ends:
        return known
    places = [0]
    while (place := places[-1] + 1) < len(known):
        number = bisect_left(ends, place)
        end = ends[number] if number < len(ends) else len(known)
        if place < end:
            places.extend(range(place, end))
        elif _was_too_high(known, places, bounds):
            places[-1] = place
        else:
            alone = len(places) == 1 and not opened
            limit_us = UNOPENED_EXCURSION_US_MAX if alone else EXCURSION_US_MAX
            back = _back(known, places[-1], ends, bounds, known[place].at_us + limit_us)
            places.append(place if back is None else back)
    return [known[place] for place in places]


def _was_too_high(known: Sequence[Reading], places: Sequence[int], bounds: _Bounds) -> bool:
    """Whether the last trusted reading is wrong, and not the one after it, which is lower: the one
    before leads on to that by itself, and what follows stays below."""
    if len(places) < 2:
        return False
    before, high, low = known[places[-2]], known[places[-1]], known[places[-1] + 1]
    if low.register_wh >= high.register_wh or bounds.can_be(high, low):
        return False
    following = known[places[-1] + 2 : places[-1] + 3]
    stays_below = all(each.register_wh < high.register_wh for each in following)
    return stays_below and bounds.ordinary(before, low)


def _back(
    known: Sequence[Reading], base: int, ends: Sequence[int], bounds: _Bounds, until_us: int
) -> int | None:
    """The place of the reading that ends the excursion which begins after ``base``: the first that
    leads on from there. None: there is none up to ``until_us``, or the step is a rollover and no
    excursion.

    After a rise the register must have come down first, or a step that time alone has made possible
    would swallow the truth; and where it leads on by a rollover, that is believed only where the
    step into it cannot be.
    """
    left, place = known[base], base + 1
    fell = known[place].register_wh < left.register_wh
    if bounds.can_be(left, known[place]):
        return None
    # Inside a run nothing comes down, and no step cannot be: after a rise its ends are enough.
    later = range(place + 1, len(known)) if fell else ends[bisect_right(ends, place) :]
    for back in later:
        if known[back].at_us > until_us:
            return None
        before = known[back - 1]
        if bounds.ordinary(left, known[back]):
            if fell or known[back].register_wh < before.register_wh:
                return back
        elif bounds.rollover_wh(left, known[back]) is not None and not bounds.can_be(
            before, known[back]
        ):
            return back
    return None


def _unrolled(trusted: Sequence[Reading], bounds: _Bounds, multiplier: int) -> list[int]:
    """The registers, each with what earlier steps counted otherwise than it shows."""
    offset_wh, ends = 0, bounds.run_ends(trusted)
    wh = [each.register_wh for each in trusted]
    for place, end in pairwise([*ends, len(wh)]):
        before, after = trusted[place - 1], trusted[place]
        offset_wh += before.register_wh - after.register_wh
        offset_wh += bounds.rollover_wh(before, after) or 0
        wh[place:end] = [each + offset_wh for each in wh[place:end]]
    return wh if multiplier == 1 else [each * multiplier for each in wh]
