"""A batch of readings becomes registers to merge: a function of the set, not of the order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from billing.domain.terms import MeterBinding, TariffBook
from prewatt_metering.months import BillingMonth, MonthClock
from prewatt_metering.registers import MonthRegister


class Reading(NamedTuple):
    """A register snapshot: instant and Wh. A tuple: one is made for every reading."""

    at: datetime
    import_wh: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch comes to: registers to merge into the months of bindings, and the readings
    that must wait, of meters whose binding or tariff is not known yet."""

    registers: Sequence[tuple[UUID, MonthRegister]]
    waiting: Sequence[tuple[str, Reading]]


def take_in(
    *,
    by_meter: Mapping[str, Sequence[Reading]],
    bindings: Mapping[str, Sequence[MeterBinding]],
    tariffs: TariffBook,
) -> Intake:
    """``bindings`` are by meter, the newest first."""
    registers: list[tuple[UUID, MonthRegister]] = []
    waiting: list[tuple[str, Reading]] = []
    for meter_id, readings in by_meter.items():
        left = readings
        for bound in bindings.get(meter_id, ()):
            # A reading after the start of a binding can be of no older one, ended or not.
            begins = bound.binding.effective_from
            candidates = [reading for reading in left if reading.at > begins]
            left = [reading for reading in left if reading.at <= begins]
            clock = tariffs.clock(bound.tariff_code)
            if clock is None:
                waiting += [(meter_id, reading) for reading in candidates]
                continue
            covered = [reading for reading in candidates if bound.binding.covers(reading.at)]
            registers += [(bound.id, register) for register in _by_month(covered, clock)]
            if len(covered) < len(candidates):
                waiting += [
                    (meter_id, reading)
                    for reading in candidates
                    if not bound.binding.covers(reading.at)
                ]
        waiting += [(meter_id, reading) for reading in left]
    return Intake(registers, waiting)


def _by_month(readings: Sequence[Reading], clock: MonthClock) -> list[MonthRegister]:
    highest: dict[BillingMonth, Reading] = {}
    for at, wh in readings:
        month = clock.month_of(at)
        known = highest.get(month)
        if known is None:
            highest[month] = Reading(at, wh)
        else:
            highest[month] = Reading(max(at, known.at), max(wh, known.import_wh))
    return [
        MonthRegister(month=month, max_wh=known.import_wh, last_at=known.at)
        for month, known in highest.items()
    ]
