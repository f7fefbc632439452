"""What validation has to know of a meter."""

from dataclasses import dataclass

HOUSEHOLD_MAX_W = 69_000
MODULUS_WH_MAX = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFacts:
    """A meter as registered.

    ``modulus_wh`` is where the register begins again at 0 (see `modulus_of`); none: not known, and
    no fall is taken for a rollover. ``resolution_wh`` is the least step it can show. ``max_w`` is
    the highest average power that can flow at the point of supply, so after the installation's
    multiplier: a household may leave it out (69 kW: 3 x 100 A at 230 V), all others name it.
    ``supply_office``, ``station_area`` and ``line`` say where it hangs.

    Raises ValueError for what contradicts itself.
    """

    meter: str
    household: bool = True
    serial_number: str | None = None
    modulus_wh: int | None = None
    resolution_wh: int = 0
    max_w: int | None = None
    supply_office: str | None = None
    station_area: str | None = None
    line: str | None = None

    def __post_init__(self) -> None:
        if not self.meter:
            message = "a meter needs an id"
            raise ValueError(message)
        if self.modulus_wh is not None and not 1 <= self.modulus_wh <= MODULUS_WH_MAX:
            self._refuse(f"modulus {self.modulus_wh} Wh is not 1 to {MODULUS_WH_MAX:,}")
        if self.resolution_wh < 0:
            self._refuse(f"resolution {self.resolution_wh} Wh is negative")
        if self.modulus_wh is not None and self.resolution_wh >= self.modulus_wh:
            self._refuse(
                f"resolution {self.resolution_wh} Wh is not below the modulus {self.modulus_wh} Wh"
            )
        if self.max_w is None and not self.household:
            self._refuse("max_w is required outside households, or no step could be impossible")
        if self.max_w is not None and self.max_w <= 0:
            self._refuse(f"max_w {self.max_w} W is not above 0")

    @property
    def limit_w(self) -> int:
        """The highest average power at the point of supply, in W."""
        return HOUSEHOLD_MAX_W if self.max_w is None else self.max_w

    def _refuse(self, why: str) -> None:
        message = f"meter {self.meter}: {why}"
        raise ValueError(message)


def modulus_of(*, digits: int, last_digit_wh: int = 1_000) -> int:
    """Where a register of ``digits`` begins again at 0: six digits of kWh at 1,000,000,000 Wh.

    ``last_digit_wh`` is what its last digit counts. Raises ValueError for less than one digit.

    >>> modulus_of(digits=6)
    1000000000
    """
    if not 1 <= digits <= 12 or last_digit_wh < 1:
        message = f"a register of {digits} digits of {last_digit_wh} Wh is none that we know"
        raise ValueError(message)
    return int(10**digits) * last_digit_wh
