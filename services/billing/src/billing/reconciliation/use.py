"""What an agreement used: all its meters, from all their readings, by local day and slot."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from billing.reconciliation.tariffs import Tariff
from billing.terms.values import Agreement
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.periods import period_of
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.edit import Edit, edited
from prewatt_metering.vee.trust import Trust, trusted

_DAY = timedelta(days=1)
_FOR_EVER = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTerms:
    """A meter as the facts say: what bounds its steps, where it ever was, what was edited."""

    facts: MeterFacts
    installations: Sequence[Installation]
    """All of them, whomever they serve: they say which device a reading is of."""
    edits: Sequence[Edit] = ()


@dataclass(slots=True)
class Use:
    """Wh by (local day, slot), and by the first day of each period the latest trusted reading that
    ends energy of it; taken together meter by meter."""

    wh: DayUsage = field(default_factory=dict[tuple[date, str], int])
    last_read_us: dict[date, int] = field(default_factory=dict[date, int])

    def add(self, other: "Use") -> None:
        """What another meter has."""
        for key, wh in other.wh.items():
            self.wh[key] = self.wh.get(key, 0) + wh
        for first, at_us in other.last_read_us.items():
            self.last_read_us[first] = max(at_us, self.last_read_us.get(first, at_us))

    def by_day(self) -> dict[date, dict[str, int]]:
        """Wh by slot of each day, the days in order."""
        found: dict[date, dict[str, int]] = {}
        for (day, name), wh in sorted(self.wh.items()):
            found.setdefault(day, {})[name] = wh
        return found


def use_of_meter(
    *, agreement: Agreement, tariff: Tariff, meter: MeterTerms, readings: Iterable[Reading]
) -> Use:
    """What ``meter`` counted for the agreement's account on the agreement's days. ``readings`` are
    all that there are of the meter, in any order and repeated or not."""
    use = Use()
    account = str(agreement.account_id)
    counted = edited(readings=readings, edits=meter.edits)
    for installation in meter.installations:
        if installation.account != account:
            continue
        trust = trusted(
            readings=readings_of_device(
                readings=counted, installation=installation, installations=meter.installations
            ),
            installation=installation,
            facts=meter.facts,
        )
        wh = day_usage(
            intervals=trust.intervals,
            installation=installation,
            calendar=tariff.calendar,
            slots_of=tariff.slots_of,
            opened=agreement.first_day,
            closed=None if agreement.end_day is None else agreement.end_day - _DAY,
        )
        use.add(Use(wh, _last_reads(trust, installation, agreement, tariff)))
    return use


def _last_reads(
    trust: Trust, installation: Installation, agreement: Agreement, tariff: Tariff
) -> dict[date, int]:
    """By period. A reading ends an interval: at midnight it is of the day before."""
    calendar = tariff.calendar
    at_us = trust.intervals.at_us or ((trust.last.at_us,) if trust.last else ())
    begin_us = calendar.first_instant_us(agreement.first_day)
    ends = [installation.to_us]
    if agreement.end_day is not None:
        ends.append(calendar.first_instant_us(agreement.end_day))
    place = bisect_right(at_us, min((end for end in ends if end is not None), default=_FOR_EVER))
    found: dict[date, int] = {}
    while place and at_us[place - 1] > begin_us and installation.covers(at_us[place - 1]):
        last_us = at_us[place - 1]
        period = period_of(calendar.day_of(last_us - 1), cycle=tariff.book.cycle)
        found[period.first] = last_us
        place = bisect_right(at_us, calendar.first_instant_us(period.first))
    return found
