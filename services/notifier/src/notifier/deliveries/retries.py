"""When to try again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses grow threefold from ``first_s`` to ``longest_s``; ``attempts_max`` includes the
    first attempt."""

    attempts_max: int
    first_s: float
    longest_s: float

    def pause_after(self, attempts: int, *, jitter: float) -> timedelta | None:
        """The pause after the ``attempts``-th attempt, or none where that was the last one.

        ``jitter`` in [0, 1) spreads it over its upper half, so that an outage's backlog does not
        come back all at once.
        """
        if attempts >= self.attempts_max:
            return None
        # The exponent is bounded so that no number of attempts overflows a float.
        full_s = min(self.longest_s, self.first_s * 3.0 ** min(attempts - 1, 50))
        return timedelta(seconds=full_s * (0.5 + jitter / 2))
