"""A reading as billing rates it."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]


class Reading(NamedTuple):
    """The register of a meter in Wh, as it displays them, at an instant (microseconds UTC since
    1970)."""

    at_us: int
    register_wh: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of a meter in columns, in any order and repeated or not."""

    at_us: Ints
    register_wh: Ints
