"""Rule 3: walk the readings in order and leave out those that left the register's path."""

from dataclasses import dataclass, field

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.checks.vee05_glitch import excursion_max_us
from prewatt_metering.vee.steps import Kind, StepRule


@dataclass(slots=True, kw_only=True)
class Path:
    """The readings that count, as places in the list that was walked, and what was found.

    ``deltas_wh[i]`` is from ``kept[i]`` to ``kept[i + 1]``. ``unusual``: the kind of the step that
    ends at ``kept[number]``, by number. ``glitches``: (place of the trusted reading before, place
    of the one that does not count).
    """

    kept: list[int] = field(default_factory=list[int])
    deltas_wh: list[int] = field(default_factory=list[int])
    unusual: dict[int, Kind] = field(default_factory=dict[int, Kind])
    glitches: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def excursions(self) -> list[int]:
        """Places at which the register left its path, whether it came back or not; ascending.

        Readings that are left out one after another are one excursion.
        """
        out = {place for _, place in self.glitches}
        begins = {place for place in out if place - 1 not in out}
        for number, kind in self.unusual.items():
            if kind is not Kind.ROLLOVER:
                begins.add(self.kept[number])
        return sorted(begins)


def walk(*, known: list[Reading], first_is_given: bool, rule: StepRule) -> Path:
    """The path through ``known``: one reading an instant, ascending.

    ``first_is_given``: the first is an opening register.
    """
    path = Path()
    if not known:
        return path
    kept, deltas_wh = path.kept, path.deltas_wh
    kept.append(0)
    base_at_us, base_wh, _ = known[0]
    limit_w, resolution_wh = rule.limit_w, rule.resolution_wh
    scale = rule.multiplier * HOUR_US
    place, count = 1, len(known)
    while place < count:
        at_us, register_wh, _ = known[place]
        delta_wh = register_wh - base_wh
        # An ordinary step, as `StepRule.step` says it; spelled out, for nearly all are.
        if delta_wh >= 0 and (delta_wh - resolution_wh) * scale <= limit_w * (at_us - base_at_us):
            kept.append(place)
            deltas_wh.append(delta_wh)
            base_at_us, base_wh = at_us, register_wh
            place += 1
            continue
        place = _unusual(path, known, place, first_is_given=first_is_given, rule=rule)
        base_at_us, base_wh, _ = known[kept[-1]]
    return path


def _unusual(
    path: Path, known: list[Reading], place: int, *, first_is_given: bool, rule: StepRule
) -> int:
    """Take the step to ``known[place]``, which is not ordinary; the place to go on from."""
    base = path.kept[-1]
    delta_wh, kind = rule.step(known[base], known[place])
    if kind is Kind.RESET and _base_was_too_high(path, known, place, rule=rule):
        path.glitches.append((path.kept[-2], base))
        path.kept.pop()
        path.deltas_wh.pop()
        path.unusual.pop(len(path.kept), None)
        delta_wh, kind = rule.step(known[path.kept[-1]], known[place])
        assert kind is Kind.ORDINARY
    elif kind is not Kind.ROLLOVER:
        back = _end_of_excursion(
            known,
            base=base,
            place=place,
            kind=kind,
            limit_us=excursion_max_us(
                base_is_first=len(path.kept) == 1, first_is_given=first_is_given
            ),
            rule=rule,
        )
        if back is not None:
            path.glitches += [(base, out) for out in range(place, back)]
            place = back
            delta_wh, kind = rule.step(known[base], known[place])
    if kind is not Kind.ORDINARY:
        path.unusual[len(path.kept)] = kind
    path.kept.append(place)
    path.deltas_wh.append(delta_wh)
    return place + 1


def _base_was_too_high(path: Path, known: list[Reading], place: int, *, rule: StepRule) -> bool:
    """After a fall: whether the reading before leads on by itself, and nothing rises to base again.

    Then the reading that the register fell from was the wrong one.
    """
    if len(path.kept) < 2:
        return False
    before, base = path.kept[-2], path.kept[-1]
    if rule.step(known[before], known[place])[1] is not Kind.ORDINARY:
        return False
    return place + 1 == len(known) or known[place + 1].register_wh < known[base].register_wh


def _end_of_excursion(
    known: list[Reading], *, base: int, place: int, kind: Kind, limit_us: int, rule: StepRule
) -> int | None:
    """The place of the first reading that leads on from ``base``; none within ``limit_us``."""
    for later in range(place + 1, len(known)):
        if known[later].at_us - known[place].at_us > limit_us:
            return None
        onward = rule.step(known[base], known[later])[1]
        if onward is Kind.ORDINARY:
            # After a fall an ordinary step is a return by itself. After a rise the register has to
            # come down first, or a step that time has made possible would swallow the truth.
            if kind is Kind.RESET or known[later].register_wh < known[later - 1].register_wh:
                return later
        elif onward is Kind.ROLLOVER:
            into = rule.step(known[later - 1], known[later])[1]
            if into in (Kind.RESET, Kind.IMPLAUSIBLE):
                return later
    return None
