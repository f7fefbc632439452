"""What a silent meter has probably used: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from prepay_ledger.charging.derive_meter import last_day_of
from prepay_ledger.charging.meters import Agreement, MeterHistory
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.settled import followed_of
from prepay_ledger.estimates.values import Terms
from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.registers.spans import Span
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.edit import edited
from prewatt_metering.vee.estimate import HISTORY_DAYS, estimate_after, usual_day_wh
from prewatt_metering.vee.trust import trusted

_DAY = timedelta(days=1)
_USUAL_US = (HISTORY_DAYS + 2) * DAY_US
"""Before the newest reading: what is usual is measured in the days that touch this, in any zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentMeter:
    """What a meter has probably used since its last trusted reading: Wh by local day and slot of
    each agreement of the account that it serves, and up to when."""

    meter_id: str
    since_us: int
    until_us: int
    use: Mapping[UUID, DayUsage]


def estimate_meter(
    history: MeterHistory,
    *,
    terms: Terms,
    until_us: int,
    relay_open: Sequence[Span],
    pricings: Pricings,
) -> SilentMeter | None:
    """None where there is nothing to estimate: the meter has spoken, serves nobody at ``until_us``,
    or what is usual of it is not known, as no whole day was ever measured there.

    As `estimate_after` bounds it, with nothing while its relay was open for certain. Nothing is
    estimated at an installation that has ended: its closing register is a person's to tell.
    """
    readings = edited(readings=history.readings, edits=history.edits)
    for installed in history.installed:
        own = installed.installation
        if not _serves(own, until_us):
            continue
        trust = trusted(
            readings=readings_of_device(
                readings=readings,
                installation=own,
                installations=[each.installation for each in history.installed],
            ),
            installation=own,
            facts=history.facts,
        )
        agreements = history.agreements.get(installed.account_id, ())
        if trust.last is None or until_us - trust.last.at_us < terms.after_days * DAY_US:
            return None
        usual_wh = _usual_day_wh(trust.intervals, own, agreements, pricings)
        if usual_wh is None:
            return None
        estimate = estimate_after(
            intervals=trust.intervals,
            until_us=until_us,
            usual_day_wh=usual_wh,
            facts=history.facts,
            installation=own,
            outages=relay_open,
            longest_us=terms.longest_days * DAY_US,
        )
        if estimate is None:
            return None
        use = {
            each.id: _use(estimate.intervals, own, each, pricings, since_us=trust.last.at_us)
            for each in agreements
        }
        return SilentMeter(
            meter_id=history.meter_id,
            since_us=trust.last.at_us,
            until_us=estimate.intervals.at_us[-1],
            use={agreement_id: of for agreement_id, of in use.items() if of},
        )
    return None


def rests_on_what_left(history: MeterHistory, *, until_us: int, pricings: Pricings) -> bool:
    """Whether what `estimate_meter` finds may be another than with the readings that have left the
    database (room `retention`): of a meter that fell silent before, or soon after those."""
    serving = [each for each in history.installed if _serves(each.installation, until_us)]
    if history.left_since is None or not serving:
        return False
    followed = followed_of(history, serving[0])
    if followed is None:
        return True
    counted_us = followed.newest_us - _USUAL_US
    if agreements := history.agreements.get(serving[0].account_id, ()):
        first = agreements[0]
        begins_us = pricings[first.book].calendar.first_instant_us(first.first_day)
        counted_us = max(counted_us, begins_us)
    return followed.since_us > counted_us


def _serves(installation: Installation, at_us: int) -> bool:
    from_us, to_us = installation.from_us, installation.to_us
    return (from_us is None or from_us < at_us) and (to_us is None or to_us > at_us)


def _usual_day_wh(
    intervals: Intervals,
    installation: Installation,
    agreements: Sequence[Agreement],
    pricings: Pricings,
) -> int | None:
    """Of the last whole days that were measured, under whatever agreement of the account."""
    if not intervals.at_us or not agreements:
        return None
    calendar = pricings[agreements[-1].book].calendar
    last = calendar.day_of(intervals.at_us[-1])
    first = max(calendar.day_of(intervals.at_us[0]), last - HISTORY_DAYS * _DAY)
    recent_us = calendar.first_instant_us(first)
    days: dict[date, int] = {}
    for each in agreements:
        for (day, _), wh in _use(intervals, installation, each, pricings, recent_us).items():
            days[day] = days.get(day, 0) + wh
    return usual_day_wh(
        {
            day: wh
            for day, wh in days.items()
            if intervals.at_us[0] <= calendar.first_instant_us(day)
            and calendar.end_us(day) <= intervals.at_us[-1]
        }
    )


def _use(
    intervals: Intervals,
    installation: Installation,
    agreement: Agreement,
    pricings: Pricings,
    since_us: int,
) -> DayUsage:
    """From ``since_us`` on, without the years before it that an agreement may have."""
    pricing = pricings[agreement.book]
    opened = max(agreement.first_day, pricing.calendar.day_of(since_us))
    closed = last_day_of(agreement)
    if closed is not None and closed < opened:
        return {}
    return day_usage(
        intervals=intervals,
        installation=installation,
        calendar=pricing.calendar,
        slots_of=pricing.slots_of,
        opened=opened,
        closed=closed,
    )
