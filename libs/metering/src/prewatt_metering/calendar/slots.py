"""The slots of a local day: from which instant which name holds. The wall clock decides."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from prewatt_metering.calendar.instants import DAY_US, MINUTE_US
from prewatt_metering.calendar.local import LocalCalendar, local_minute

MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySlots:
    """One local day cut into named pieces: ``pieces`` are (begin_us, name) in order.

    The first begins with the day; each ends where the next begins, the last at ``end_us``.
    Neighbours differ in name. A skipped day has no piece.
    """

    day: date
    pieces: tuple[tuple[int, str], ...]
    end_us: int

    def ends(self) -> Iterator[tuple[str, int]]:
        """(name, the instant at which it ends), in order."""
        for number, (_, name) in enumerate(self.pieces, 1):
            yield name, self.pieces[number][0] if number < len(self.pieces) else self.end_us

    def name_at(self, at_us: int) -> str:
        """The name that holds at ``at_us``. Raises ValueError outside the day."""
        for begin_us, name in reversed(self.pieces):
            if begin_us <= at_us < self.end_us:
                return name
        message = f"{at_us} is not an instant of {self.day}"
        raise ValueError(message)


def slots_of_day(
    calendar: LocalCalendar,
    day: date,
    name_at: Callable[[int], str],
    marks: Sequence[int],
) -> DaySlots:
    """The pieces of ``day``, by a rule of the wall clock.

    ``name_at`` gives the name that holds at a local minute of the day (0 to 1439); it may change
    at ``marks`` only, which are such minutes. On a day on which the clock changes, an hour that
    comes twice has its names twice, and one that is missing has none. Raises ValueError for a mark
    that is no minute of a day.
    """
    for mark in marks:
        if not 0 <= mark < MINUTES_A_DAY:
            message = f"a slot begins at minute {mark}, but a day has minutes 0 to 1439"
            raise ValueError(message)
    begin_us, end_us = calendar.first_instant_us(day), calendar.end_us(day)
    pieces: list[tuple[int, str]] = []
    for at_us in sorted(set(_cuts(calendar, day, begin_us, end_us, marks))):
        name = name_at(local_minute(calendar, at_us))
        if not pieces or pieces[-1][1] != name:
            pieces.append((at_us, name))
    return DaySlots(day=day, pieces=tuple(pieces), end_us=end_us)


def _cuts(
    calendar: LocalCalendar, day: date, begin_us: int, end_us: int, marks: Sequence[int]
) -> Iterator[int]:
    """The day's first instant, its clock changes, and each mark as often as the wall shows it."""
    if begin_us == end_us:
        return
    changes = calendar.clock_changes(day)
    stretches = sorted({begin_us, *changes})
    yield from stretches
    for since_us, until_us in zip(stretches, [*stretches[1:], end_us], strict=True):
        offset_us = calendar.offset_us(since_us)
        midnight_us = (since_us + offset_us) // DAY_US * DAY_US - offset_us
        while midnight_us < until_us:
            for mark in marks:
                at_us = midnight_us + mark * MINUTE_US
                if since_us <= at_us < until_us:
                    yield at_us
            midnight_us += DAY_US
