"""Installations, meters and edits as they stand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.registers.installations import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledMeter:
    """A meter serves an account over (``begins_at``, ``ends_at``] (none: still); the registers are
    those at both ends, where they were read. ``revision`` counts how often it was decided about."""

    id: UUID
    meter_id: str
    account_id: UUID
    begins_at: datetime
    ends_at: datetime | None = None
    opening_wh: int | None = None
    closing_wh: int | None = None
    multiplier: int = 1
    device: str | None = None
    revision: int = 1

    def installation(self) -> Installation:
        """As the rules know it. Raises ValueError for what contradicts itself."""
        return Installation(
            meter=self.meter_id,
            account=str(self.account_id),
            from_us=us_of(self.begins_at),
            to_us=None if self.ends_at is None else us_of(self.ends_at),
            opening_wh=self.opening_wh,
            closing_wh=self.closing_wh,
            multiplier=self.multiplier,
            device=self.device,
        )


def installed_meter(
    installation: Installation, *, installation_id: UUID, revision: int
) -> InstalledMeter:
    """An installation under an id of ours."""
    assert installation.from_us is not None, "the ledger's installations begin at an instant"
    return InstalledMeter(
        id=installation_id,
        meter_id=installation.meter,
        account_id=UUID(installation.account),
        begins_at=instant_of(installation.from_us),
        ends_at=None if installation.to_us is None else instant_of(installation.to_us),
        opening_wh=installation.opening_wh,
        closing_wh=installation.closing_wh,
        multiplier=installation.multiplier,
        device=installation.device,
        revision=revision,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What is known of a meter: see prewatt_metering's `MeterFacts`."""

    meter_id: str
    household: bool = True
    serial_number: str | None = None
    modulus_wh: int | None = None
    resolution_wh: int = 0
    max_w: int | None = None
    supply_office: str | None = None
    station_area: str | None = None
    line: str | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEdit:
    """A person's decision about the readings of a meter at an instant. ``our_fault``: the utility's
    own error was behind the wrong bill."""

    id: UUID
    meter_id: str
    read_at: datetime
    kind: str
    register_wh: int | None
    decided_by: str
    reason: str
    at: datetime
    our_fault: bool = False

    def says_the_same(self, other: "ReadingEdit") -> bool:
        """Whether one of both changes nothing after the other, whoever decided."""
        return (self.meter_id, self.read_at, self.kind, self.register_wh) == (
            other.meter_id, other.read_at, other.kind, other.register_wh
        )  # fmt: skip
