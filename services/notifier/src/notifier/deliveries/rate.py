"""No more notices a second than a channel's peer has agreed to."""


class Rate:
    """A bucket that fills with ``per_s`` tokens a second and holds those of one second, so that a
    pause is not made up for by a burst. None: as fast as it goes."""

    def __init__(self, per_s: float | None) -> None:
        self._per_s = per_s
        self._tokens = max(1.0, per_s or 0.0)
        self._at_s: float | None = None

    def room(self, *, now_s: float, wanted: int) -> int:
        """How many of ``wanted`` may go now."""
        if self._per_s is None:
            return wanted
        since_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._tokens = min(max(1.0, self._per_s), self._tokens + since_s * self._per_s)
        self._at_s = now_s
        return min(wanted, int(self._tokens))

    def take(self, count: int) -> None:
        """So many go."""
        if self._per_s is not None:
            self._tokens -= count

    def pause_s(self) -> float:
        """Until the next one may go."""
        if self._per_s is None or self._tokens >= 1:
            return 0.0
        return (1 - self._tokens) / self._per_s
