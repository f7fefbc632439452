"""A batch of readings becomes registers to merge: a function of the set, not of the order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from billing.meters.terms import TariffBook
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import MonthRegister


class Reading(NamedTuple):
    """A register snapshot: instant and Wh. A tuple: one is made for every reading."""

    at: datetime
    import_wh: int


class Coverage(NamedTuple):
    """The range (begins, ends] in which a meter's readings are of a binding.

    What the hot path needs of a `MeterBinding`, and a tuple for the same reason.
    """

    binding_id: UUID
    tariff_code: str
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch comes to: registers to merge into the months of bindings, and the readings
    that must wait, of meters whose binding or tariff is not known yet."""

    registers: Sequence[tuple[UUID, MonthRegister]]
    waiting: Sequence[tuple[str, Reading]]


def take_in(
    *,
    by_meter: Mapping[str, Sequence[Reading]],
    coverages: Mapping[str, Sequence[Coverage]],
    tariffs: TariffBook,
) -> Intake:
    """``coverages`` are by meter, the newest first."""
    highest: dict[tuple[UUID, BillingMonth], Reading] = {}
    waiting: list[tuple[str, Reading]] = []
    for meter_id, readings in by_meter.items():
        of_meter = coverages.get(meter_id, ())
        for reading in readings:
            at, wh = reading
            coverage = _covering(of_meter, at)
            clock = tariffs.clock(coverage.tariff_code) if coverage else None
            if coverage is None or clock is None:
                waiting.append((meter_id, reading))
                continue
            place = (coverage.binding_id, clock.month_of(at))
            known = highest.get(place)
            highest[place] = (
                reading if known is None else Reading(max(at, known.at), max(wh, known.import_wh))
            )
    registers = [
        (binding_id, MonthRegister(month=month, max_wh=known.import_wh, last_at=known.at))
        for (binding_id, month), known in highest.items()
    ]
    return Intake(registers, waiting)


def _covering(newest_first: Sequence[Coverage], at: datetime) -> Coverage | None:
    """A reading from after the start of a binding can be of no older one, whether that one's end
    is known yet or not."""
    for coverage in newest_first:
        if at > coverage.begins:
            return coverage if coverage.ends is None or at <= coverage.ends else None
    return None
