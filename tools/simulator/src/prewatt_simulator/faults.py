"""What goes wrong between a meter and the broker, at given rates. Pure, and seeded."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from prewatt_simulator.meter import Reading


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of all readings, each 0 to 1 and together at most 1: a reading has one fault."""

    lost: float = 0.0
    """Never published; the register goes on, so the next reading carries the energy."""
    duplicated: float = 0.0
    """Published twice."""
    reordered: float = 0.0
    """Published after the same meter's next reading."""
    late: float = 0.0
    """Held back for ``late_steps`` steps, then published."""
    late_steps: int = 4

    def __post_init__(self) -> None:
        shares = (self.lost, self.duplicated, self.reordered, self.late)
        if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1:
            message = f"fault shares must be 0 to 1 and together at most 1, not {shares}"
            raise ValueError(message)
        if self.late_steps < 1:
            message = f"late_steps must be at least 1, not {self.late_steps}"
            raise ValueError(message)

    @property
    def any(self) -> bool:
        """Whether anything goes wrong at all."""
        return self.lost + self.duplicated + self.reordered + self.late > 0


class FaultInjector:
    """Decides which readings are published, and when: ``apply`` to a step, then ``end_step``."""

    def __init__(self, faults: Faults, *, seed: int) -> None:
        self._faults = faults
        self._random = random.Random(seed)
        self._step = 0
        self._held: defaultdict[int, list[Reading]] = defaultdict(list)

    @property
    def held(self) -> int:
        """How many readings are held back for a later step."""
        return sum(len(readings) for readings in self._held.values())

    def apply(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """What is published of some of the current step's readings, in order."""
        faults = self._faults
        if not faults.any:
            return readings
        lost_below = faults.lost
        duplicated_below = lost_below + faults.duplicated
        reordered_below = duplicated_below + faults.reordered
        late_below = reordered_below + faults.late
        publish: list[Reading] = []
        for reading in readings:
            draw = self._random.random()
            if draw >= late_below:
                publish.append(reading)
            elif draw < lost_below:
                reading.meter.truth.lost += 1
            elif draw < duplicated_below:
                publish.extend((reading, reading))
            else:
                delay = 1 if draw < reordered_below else faults.late_steps
                self._held[self._step + delay].append(reading)
        return publish

    def end_step(self) -> list[Reading]:
        """What earlier steps held back until after this one's own readings."""
        due = self._held.pop(self._step, [])
        self._step += 1
        return due

    def release(self) -> list[Reading]:
        """Everything still held, oldest step first; nothing is held afterwards."""
        released = [reading for step in sorted(self._held) for reading in self._held[step]]
        self._held.clear()
        return released
