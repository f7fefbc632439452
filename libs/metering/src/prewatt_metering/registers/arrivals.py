"""Readings with the instant at which they came."""

from typing import NamedTuple

from prewatt_metering.registers.readings import Reading


class Arrival(NamedTuple):
    """A reading, received at ``received_us`` by a clock that we trust."""

    received_us: int
    reading: Reading

    @property
    def delay_us(self) -> int:
        """How long after its own instant it came; negative: from the future."""
        return self.received_us - self.reading.at_us
