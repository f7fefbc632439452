"""The daily look at a meter: what shows only over days, or beside the readings. Pure.

Each look says anew what there is to be said of the last weeks, so a finding ends with its cause, at
the next look.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.meters import Installed, MeterTerms, packed_base_us
from prepay_ledger.charging.pricing import Pricings
from prewatt_metering.calendar.instants import DAY_US, MINUTE_US
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.registers.arrivals import Arrival
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Intervals, intervals_of
from prewatt_metering.registers.packing import unpack
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Limited, Span, overlap_us
from prewatt_metering.vee.checks.vee09_late import LATE_US, late
from prewatt_metering.vee.checks.vee10_gap import gaps
from prewatt_metering.vee.checks.vee11_frozen import FROZEN_US_MAX, frozen
from prewatt_metering.vee.checks.vee12_zero_use import zero_use
from prewatt_metering.vee.checks.vee13_use_while_disconnected import use_while_disconnected
from prewatt_metering.vee.checks.vee14_spike import HISTORY_DAYS_MAX, spikes
from prewatt_metering.vee.checks.vee20_dated_away import dated_away
from prewatt_metering.vee.edit import edited
from prewatt_metering.vee.estimate import usual_day_wh
from prewatt_metering.vee.findings import Finding, findings_within
from prewatt_metering.vee.trust import Trust, trusted

LOOKED_FOR = (*(f"VEE-{number:02}" for number in range(9, 15)), "VEE-20")
BACK = timedelta(days=35)
"""As far back as a look reaches: what ended before is told no longer."""
USE_BACK = BACK + timedelta(days=HISTORY_DAYS_MAX + 7)
"""As far back as use is needed, to know what is usual; a week of it may be unknown."""
ZERO_USE_US = 30 * DAY_US
CLOCK_BORNE_US = 5 * MINUTE_US
"""A meter's clock may be off by as much from the clock by which its relay's answers are dated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentMeter:
    """What a look at a meter rests on. ``packed``: readings as they came, by posting day: those of
    the look's days, and of the last day before that has any. ``days``: Wh by account and local day,
    the open day apart."""

    meter_id: str
    terms: MeterTerms
    packed: Sequence[tuple[date, bytes]]
    days: Mapping[UUID, Mapping[date, int]]
    limited: Sequence[Limited] = ()
    """When its load was limited, as far as is certain."""


class UnderWay(NamedTuple):
    """How far the look at all meters of a day came: the meter after which it goes on, and the day
    of the look before (none: it is the first)."""

    day: date
    after: str
    previous: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at all meters. ``calendar``: the utility's, of posting days; ``first``: the first
    day that it reaches back to; ``silence_borne_us``: how long a meter may be silent;
    ``none_while_closed_days``: after as many days without use, where there was some on every day
    before, somebody looks at the relay; none: nobody does."""

    calendar: LocalCalendar
    first: date
    now_us: int
    silence_borne_us: int
    none_while_closed_days: int | None = None


def look_at(
    meter: RecentMeter, *, relay_open: Sequence[Span], look: Look, pricings: Pricings
) -> list[Finding]:
    """What `LOOKED_FOR` finds; ``relay_open``: when the relay was open for certain. Raises
    ValueError for readings that cannot be unpacked, KeyError for a tariff that there is not."""
    first_us = look.calendar.first_instant_us(look.first)
    came = _came(meter)
    recent = _recent(edited(readings=came, edits=meter.terms.edits), first_us)
    found: list[Finding] = [*spikes_of(meter, pricings)]
    installed = list(_reached(meter.terms.installed, recent, first_us=first_us, look=look))
    for each in installed:
        trust = trusted(
            readings=readings_of_device(
                readings=recent,
                installation=each.installation,
                installations=[one.installation for one in installed],
            ),
            installation=each.installation,
            facts=meter.terms.facts,
            as_of_us=look.now_us,
        )
        found += _silences(meter, each.installation, trust, look)
        found += _standstill(meter, each.installation, recent, relay_open)
        found += _by_intervals(meter, each, trust, relay_open)
    found = [each for each in found if each.end_us > first_us]
    found += _late(meter, came, look)
    # What two installations of one device both show is found once.
    distinct = {each.key: each for each in found}
    return sorted(distinct.values(), key=lambda each: (each.begin_us, each.check, each.end_us))


def _came(meter: RecentMeter) -> dict[Reading, date]:
    """Each reading, once, and the posting day on which it came first."""
    came: dict[Reading, date] = {}
    for day, packed in sorted(meter.packed):
        for each in unpack(packed, base_us=packed_base_us(day)):
            came.setdefault(each, day)
    return came


def _late(meter: RecentMeter, came: Mapping[Reading, date], look: Look) -> Iterator[Finding]:
    """Of when a reading came the day is kept, so this is the least late that it can have been. None
    comes before its time: the gateway refuses what is."""
    began_us = {day: look.calendar.first_instant_us(day) for day, _ in meter.packed}
    known = [(each, day) for each, day in came.items() if day >= look.first]
    # Mostly none is, and what stands for an arrival is made for nothing.
    if not any(each.at_us < began_us[day] - LATE_US for each, day in known):
        return
    arrivals = [Arrival(max(began_us[day], each.at_us), each) for each, day in known]
    yield from late(meter=meter.meter_id, arrivals=arrivals)
    yield from dated_away(meter=meter.meter_id, arrivals=arrivals)


def _recent(readings: Sequence[Reading], first_us: int) -> list[Reading]:
    """Those from ``first_us`` on, and the last one before with what surrounds it. Of older ones not
    all are known: they may have come long ago."""
    before = [each.at_us for each in readings if each.at_us < first_us]
    from_us = before[-1] - DAY_US if before else first_us
    return [each for each in readings if each.at_us >= from_us]


def _reached(
    installed: Iterable[Installed], recent: Sequence[Reading], *, first_us: int, look: Look
) -> Iterator[Installed]:
    """Installations of the look's time. One that is older than the readings begins with them: its
    opening register would look like the end of a silence."""
    known_us = recent[0].at_us if recent and recent[0].at_us < first_us else None
    for each in installed:
        own = each.installation
        if own.to_us is not None and own.to_us <= first_us:
            continue
        if own.from_us is not None and own.from_us > look.now_us:
            continue
        if own.from_us is not None and known_us is not None and own.from_us < known_us:
            own = replace(own, from_us=None, opening_wh=None)
        yield replace(each, installation=own)


def _silences(
    meter: RecentMeter, installation: Installation, trust: Trust, look: Look
) -> Iterable[Finding]:
    return findings_within(
        gaps(
            meter=meter.meter_id,
            intervals=_from_the_beginning(trust, installation),
            borne_us=look.silence_borne_us,
            now_us=min(look.now_us, installation.to_us or look.now_us),
        ),
        installation,
    )


def _standstill(
    meter: RecentMeter,
    installation: Installation,
    recent: Sequence[Reading],
    relay_open: Sequence[Span],
) -> Iterator[Finding]:
    # Of two values of an instant the lower counts.
    by_instant = {each.at_us: each for each in reversed(recent) if installation.covers(each.at_us)}
    found = frozen(meter=meter.meter_id, readings=sorted(by_instant.values()))
    return _unexplained(found, relay_open, least_us=FROZEN_US_MAX)


def _by_intervals(
    meter: RecentMeter, installed: Installed, trust: Trust, relay_open: Sequence[Span]
) -> Iterator[Finding]:
    within = _within(trust.intervals, installed.installation)
    nothing = zero_use(
        meter=meter.meter_id,
        intervals=within,
        usual_wh_a_day=_usual_wh(meter.days.get(installed.account_id, {})),
        least_us=ZERO_USE_US,
    )
    yield from _unexplained(nothing, relay_open, least_us=ZERO_USE_US)
    if relay_open or meter.limited:
        yield from use_while_disconnected(
            intervals=within,
            facts=meter.terms.facts,
            installation=installed.installation,
            relay_open=_for_any_clock(relay_open),
            relay_limited=[
                Limited(inner, each.limit_w)
                for each in meter.limited
                for inner in _for_any_clock([each.span])
            ],
        )


def _from_the_beginning(trust: Trust, installation: Installation) -> Intervals:
    """A silence may follow a single reading, or an installation that nothing came of."""
    if trust.intervals.at_us:
        return trust.intervals
    since_us = installation.from_us if trust.last is None else trust.last.at_us
    return Intervals(at_us=() if since_us is None else (since_us,), wh=(), quality=())


def _within(intervals: Intervals, installation: Installation) -> Intervals:
    from_us, to_us, at_us = installation.from_us, installation.to_us, intervals.at_us
    if not at_us or (
        (from_us is None or from_us <= at_us[0]) and (to_us is None or at_us[-1] <= to_us)
    ):
        return intervals
    return intervals_of(
        [
            each
            for each in intervals
            if (from_us is None or from_us <= each.begin_us)
            and (to_us is None or each.end_us <= to_us)
        ]
    )


def _unexplained(
    found: Iterable[Finding], relay_open: Sequence[Span], *, least_us: int
) -> Iterator[Finding]:
    """Those that last as long also without the time in which the relay was open: then nothing can
    flow."""
    for each in found:
        open_us = overlap_us(each.begin_us, each.end_us, relay_open)
        if each.end_us - each.begin_us - open_us >= least_us:
            yield each


def _usual_wh(days: Mapping[date, int]) -> int | None:
    """What is usual until the last day on which anything was used; none: that is not known."""
    last = max((day for day, wh in days.items() if wh), default=None)
    return None if last is None else usual_day_wh({d: wh for d, wh in days.items() if d <= last})


def _for_any_clock(relay_open: Iterable[Span]) -> list[Span]:
    """When the relay was open by the meter's clock too, whose readings these are."""
    inner = [
        Span(
            each.begin_us + CLOCK_BORNE_US,
            None if each.end_us is None else each.end_us - CLOCK_BORNE_US,
        )
        for each in relay_open
    ]
    return [each for each in inner if each.end_us is None or each.begin_us < each.end_us]


def spikes_of(meter: RecentMeter, pricings: Pricings) -> Iterator[Finding]:
    """What a day's use at an account is far above that of the days before."""
    for account_id, days in meter.days.items():
        agreements = meter.terms.agreements.get(account_id, ())
        if agreements:
            calendar = pricings[agreements[-1].book].calendar
            yield from spikes(meter=meter.meter_id, days=days, calendar=calendar)
