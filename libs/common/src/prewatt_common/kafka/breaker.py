"""A breaker against refusing everything: it opens where too many records are dead letters."""

from collections import deque
from collections.abc import Sequence

from prewatt_common.kafka.stops import BreakerOpen

WINDOW_RECORDS = 1_000
DEAD_MAX = 50
"""5 % of the window. Dead letters count from the first record on: a window that is not full yet
is taken as full of good ones."""


class Breaker:
    """Of one consumer. Once open it stays so for the life of the process: a person's restart, or
    the release that mends it, goes on."""

    def __init__(self) -> None:
        self._taken = 0
        self._dead: deque[int] = deque(maxlen=DEAD_MAX + 1)
        """When the last dead letters came, in records taken before them."""
        self._open = False

    def room(self, dead: Sequence[int]) -> int | None:
        """How many of the next records may be taken, up to the one that opens it; none: all of
        them. ``dead`` are the places (from 0, ascending) of dead letters among them."""
        known = self._dead.copy()
        for place in dead:
            known.append(self._taken + place)
            if _too_many(known):
                return place + 1
        return None

    def note(self, dead: Sequence[int], *, taken: int) -> None:
        """So many records are taken and committed."""
        for place in dead:
            self._dead.append(self._taken + place)
            self._open = self._open or _too_many(self._dead)
        self._taken += taken

    def check(self) -> None:
        """Raises `BreakerOpen` once it is."""
        if self._open:
            message = (
                f"the breaker is open: {len(self._dead)} of the last "
                f"{min(self._taken, WINDOW_RECORDS)} records are dead letters. They are kept, and "
                "nothing more is taken until a restart, by a person or with a mended release"
            )
            raise BreakerOpen(message)


def _too_many(dead: deque[int]) -> bool:
    return len(dead) > DEAD_MAX and dead[-1] - dead[0] < WINDOW_RECORDS
