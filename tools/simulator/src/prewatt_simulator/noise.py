"""How one interval's use differs from the next."""

import math
from statistics import NormalDist

_INTERVAL_SPREAD = 0.6


def _noise_table() -> tuple[int, ...]:
    """1,024 equally likely factors in permille, log-normal with a mean of 1,000."""
    normal = NormalDist(sigma=_INTERVAL_SPREAD)
    raw = [math.exp(normal.inv_cdf((rank + 0.5) / 1024)) for rank in range(1024)]
    return tuple(round(1000 * value * len(raw) / sum(raw)) for value in raw)


NOISE_PERMILLE = _noise_table()
