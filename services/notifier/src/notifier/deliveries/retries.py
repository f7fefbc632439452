"""When to try again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses grow threefold from ``first_s`` to ``longest_s``. There is no last attempt: a notice's
    own time ends them."""

    first_s: float
    longest_s: float

    def pause_after(self, attempts: int, *, jitter: float) -> timedelta:
        """The pause after the ``attempts``-th attempt.

        ``jitter`` in [0, 1) spreads it over its upper half, so that a backlog does not come back
        all at once.
        """
        # The exponent is bounded so that no number of attempts overflows a float.
        full_s = min(self.longest_s, self.first_s * 3.0 ** min(attempts - 1, 50))
        return timedelta(seconds=full_s * (0.5 + jitter / 2))
