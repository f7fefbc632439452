"""A peer that is down is left alone for a while, then tried with one request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens after ``failures_max`` failures in a row, for ``first_s``, and twice as long after each
    trial that fails, up to ``longest_s``."""

    failures_max: int = 5
    first_s: float = 1.0
    longest_s: float = 60.0


class Breaker:
    """Counts what attempts say of the peer. Times are of one clock that never goes back."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._pause_s = 0.0
        self._trial_at_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the peer counts as down."""
        return self._trial_at_s is not None

    def room(self, *, now_s: float, slots: int, running: int) -> int:
        """How many more requests may be on their way: none while open, one as a trial."""
        if self._trial_at_s is None:
            return slots - running
        if now_s < self._trial_at_s:
            return 0
        return 1 if running == 0 else 0

    def answered(self) -> None:
        """The peer is there: it took a request, or refused that one."""
        self._failures = 0
        self._pause_s = 0.0
        self._trial_at_s = None

    def failed(self, *, now_s: float) -> None:
        """The peer takes nothing. Attempts from before it opened do not prolong the pause."""
        self._failures += 1
        if self._trial_at_s is None:
            if self._failures < self._policy.failures_max:
                return
            self._pause_s = self._policy.first_s
        elif now_s < self._trial_at_s:
            return
        else:
            self._pause_s = min(self._policy.longest_s, self._pause_s * 2)
        self._trial_at_s = now_s + self._pause_s
