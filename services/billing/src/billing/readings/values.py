"""A reading as billing rates it."""

from typing import NamedTuple


class Reading(NamedTuple):
    """The register of a meter in Wh, as it displays them, at an instant (microseconds UTC since
    1970)."""

    at_us: int
    register_wh: int
