"""A meter's days as billing counts them, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from billing.readings.values import Reading
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.rerating.use import use_of_meter
from billing.terms.values import Agreement

DayKey: TypeAlias = tuple[date, UUID]
"""Local day and agreement id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterHistory:
    """All that is known of a meter, and the agreements of whomever it serves or served."""

    terms: MeterTerms
    agreements: Sequence[tuple[Agreement, Tariff]]
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDay:
    """What a meter counted for an agreement on a local day, in Wh at the point of supply."""

    agreement: Agreement
    day: date
    wh: dict[str, int]

    @property
    def key(self) -> DayKey:
        """What tells it from the meter's other days."""
        return self.day, self.agreement.id


def newest_days(history: MeterHistory, *, before: DayKey | None, limit: int) -> Sequence[MeterDay]:
    """The newest ``limit`` days before one, the newest first; where two agreements share a day, the
    one that was made later goes first."""
    days = [
        MeterDay(agreement=agreement, day=day, wh=wh)
        for agreement, tariff in history.agreements
        for day, wh in use_of_meter(
            agreement=agreement, tariff=tariff, meter=history.terms, readings=history.readings
        )
        .by_day()
        .items()
    ]
    earlier = [each for each in days if before is None or each.key < before]
    return sorted(earlier, key=lambda each: each.key, reverse=True)[:limit]
