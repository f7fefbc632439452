"""What the readings of files that nobody knows are: new, or of files that are missing."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TypeAlias

Row: TypeAlias = tuple[int, int, int]
"""Of one meter: an instant in microseconds since 1970, the register in Wh, ``received_after_s``."""


def sift(
    *, found: Counter[Row], held: Counter[Row], taken: Mapping[tuple[int, int], int]
) -> tuple[list[Row], list[Row]]:
    """Of one meter and day, sorted: readings that were never taken in, and those that were and are
    in no file of the manifest that is there.

    ``found`` is what unknown files hold, ``held`` what known ones do, ``taken`` how often each
    instant and register was taken in. A reading that is new comes once, as it was received first,
    however many of the files have it; one that was taken in twice comes back twice.

    >>> sift(found=Counter([(1, 5, 0), (2, 6, 0)]), held=Counter(), taken={(1, 5): 1})
    ([(2, 6, 0)], [(1, 5, 0)])
    """
    missing = Counter(taken)
    missing.subtract(Counter(row[:2] for row in held.elements()))
    rows: dict[tuple[int, int], list[Row]] = defaultdict(list)
    # First those that no known file has; of one instant and register both may be there.
    for row in [*sorted((found - held).elements()), *sorted((found & held).elements())]:
        rows[row[:2]].append(row)
    new = [some[0] for key, some in rows.items() if not taken.get(key)]
    old = [row for key, some in rows.items() for row in some[: max(0, missing[key])]]
    return sorted(new), sorted(old)
