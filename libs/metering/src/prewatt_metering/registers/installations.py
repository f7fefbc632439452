"""Installations: a meter at an account over (from, to]."""

from dataclasses import dataclass

from prewatt_metering.registers.readings import Reading

MULTIPLIER_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A meter serves an account from ``from_us`` until ``to_us``; energy of (from, to] is its.

    ``from_us`` none: as long as the account. ``to_us`` none: still. ``opening_wh`` is the register
    at ``from_us`` and ``closing_wh`` at ``to_us``; each counts as a reading there and beats others.
    ``multiplier`` turns register Wh into Wh at the point of supply (current and voltage
    transformers) and is applied once, after trust. ``device`` is the serial number of the device,
    where several hang one after another under one meter id.

    Raises ValueError for what contradicts itself.
    """

    meter: str
    account: str
    from_us: int | None = None
    to_us: int | None = None
    opening_wh: int | None = None
    closing_wh: int | None = None
    multiplier: int = 1
    device: str | None = None

    def __post_init__(self) -> None:
        if self.from_us is not None and self.to_us is not None and self.to_us < self.from_us:
            _refuse(self.meter, f"ends ({self.to_us} us) before it begins ({self.from_us} us)")
        if not 1 <= self.multiplier <= MULTIPLIER_MAX:
            _refuse(self.meter, f"multiplier {self.multiplier} is not 1 to {MULTIPLIER_MAX:,}")
        for name, register_wh, at_us in (
            ("opening", self.opening_wh, self.from_us),
            ("closing", self.closing_wh, self.to_us),
        ):
            if register_wh is None:
                continue
            if at_us is None:
                _refuse(self.meter, f"{name} register {register_wh} Wh needs its instant")
            if register_wh < 0:
                _refuse(self.meter, f"{name} register {register_wh} Wh is negative")

    def covers(self, at_us: int) -> bool:
        """Whether a reading at ``at_us`` ends an interval of this installation: (from, to]."""
        return (self.from_us is None or self.from_us < at_us) and (
            self.to_us is None or at_us <= self.to_us
        )

    def given_readings(self) -> dict[int, Reading]:
        """The opening and the closing register as readings, by instant; the closing one counts
        where both are at one."""
        return {
            at_us: Reading(at_us, register_wh)
            for at_us, register_wh in (
                (self.from_us, self.opening_wh),
                (self.to_us, self.closing_wh),
            )
            if at_us is not None and register_wh is not None
        }


def _refuse(meter: str, why: str) -> None:
    message = f"installation of meter {meter}: {why}"
    raise ValueError(message)
