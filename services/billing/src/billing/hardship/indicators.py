"""Which indicators hold for a household: one small rule each, in the order of the policy.

No rule looks at anything but what its evidence shows. One that cannot be judged, for want of
history or of neighbours, does not hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

from billing.hardship.policy import HardshipPolicy
from billing.hardship.spans import is_night, within_us
from billing.hardship.use import UseRatio, use_ratio
from billing.hardship.values import Evidence, Household, Name, Span, TopUp
from prewatt_metering.calendar.instants import HOUR_US, MINUTE_US
from prewatt_metering.calendar.local import LocalCalendar

_ALL_PPM = 1_000_000
_BOUGHT_BEFORE_MIN = 3
"""Of fewer top-ups there is no habit."""


@dataclass(frozen=True, slots=True)
class Look:
    """A household held against a policy: windows in microseconds, half-open."""

    policy: HardshipPolicy
    calendar: LocalCalendar
    household: Household
    before_us: int
    window_us: int
    end_us: int

    @property
    def top_ups(self) -> Sequence[TopUp]:
        """Of the window."""
        return [x for x in self.household.top_ups if self.window_us <= x.at_us < self.end_us]

    @property
    def top_ups_before(self) -> Sequence[TopUp]:
        """Of the days before the window."""
        return [x for x in self.household.top_ups if self.before_us <= x.at_us < self.window_us]

    def off(self, *, least_us: int) -> Sequence[Span]:
        """Spans without supply that lasted so long within the window."""
        return [
            each
            for each in self.household.off
            if within_us(each, self.window_us, self.end_us) >= least_us
        ]

    def days(self, some_us: Sequence[int]) -> Sequence[date]:
        """The local days of instants, each once, within the window."""
        inside = [min(max(each, self.window_us), self.end_us - 1) for each in some_us]
        return sorted({self.calendar.day_of(each) for each in inside})


def indicators_of(
    household: Household, *, policy: HardshipPolicy, calendar: LocalCalendar
) -> Sequence[Evidence]:
    """Those that hold on the evening of the household's day."""
    day = household.day
    window = day - timedelta(days=policy.window_days - 1)
    look = Look(
        policy=policy,
        calendar=calendar,
        household=household,
        before_us=calendar.first_instant_us(window - timedelta(days=policy.before_days)),
        window_us=calendar.first_instant_us(window),
        end_us=calendar.end_us(day),
    )
    return [*_supply(look), *_buying(look), *_credit(look), *_use(look)]


def _supply(look: Look) -> Iterator[Evidence]:
    ran_out, stays_off = look.policy.indicators.ran_out, look.policy.indicators.stays_off
    if ran_out is not None:
        spans = look.off(least_us=ran_out.minutes * MINUTE_US)
        if len(spans) >= ran_out.times:
            total_us = sum(within_us(each, look.window_us, look.end_us) for each in spans)
            yield Evidence(
                name=Name.RAN_OUT,
                numbers={
                    "seen_times": len(spans),
                    "seen_hours": total_us // HOUR_US,
                    "times": ran_out.times,
                    "minutes": ran_out.minutes,
                },
                days=look.days([each.begin_us for each in spans]),
            )
    lasting = [each for each in look.household.off if each.end_us is None]
    if stays_off is not None and lasting:
        hours = (look.end_us - lasting[-1].begin_us) // HOUR_US
        if hours >= stays_off.hours:
            yield Evidence(
                name=Name.STAYS_OFF,
                numbers={"seen_hours": hours, "hours": stays_off.hours},
                days=[look.calendar.day_of(lasting[-1].begin_us)],
            )


def _buying(look: Look) -> Iterator[Evidence]:
    some, before = look.top_ups, look.top_ups_before
    rules = look.policy.indicators
    has_habit = len(before) >= _BOUGHT_BEFORE_MIN
    tiny, often, late = rules.tiny_top_ups, rules.more_often, rules.late_at_night
    if tiny is not None and has_habit and len(some) >= tiny.times:
        usual = median_low(each.amount_micro for each in before)
        now = median_low(each.amount_micro for each in some)
        if now * _ALL_PPM <= usual * tiny.share_ppm:
            yield Evidence(
                name=Name.TINY_TOP_UPS,
                numbers={
                    "seen_times": len(some),
                    "seen_median_micro": now,
                    "before_median_micro": usual,
                    "times": tiny.times,
                    "share_ppm": tiny.share_ppm,
                },
                days=look.days([each.at_us for each in some]),
            )
    if often is not None and has_habit and len(some) >= often.times:
        # As many in as many days: multiplied out, so that nothing is rounded.
        now = len(some) * look.policy.before_days * _ALL_PPM
        if now >= len(before) * look.policy.window_days * often.ratio_ppm:
            yield Evidence(
                name=Name.MORE_OFTEN,
                numbers={
                    "seen_times": len(some),
                    "before_times": len(before),
                    "before_days": look.policy.before_days,
                    "times": often.times,
                    "ratio_ppm": often.ratio_ppm,
                },
                days=look.days([each.at_us for each in some]),
            )
    if late is None:
        return
    nights = [
        each
        for each in some
        if is_night(look.calendar, each.at_us, from_hour=late.from_hour, until_hour=late.until_hour)
    ]
    if len(nights) >= late.times and len(nights) * _ALL_PPM >= len(some) * late.share_ppm:
        yield Evidence(
            name=Name.LATE_AT_NIGHT,
            numbers={
                "seen_times": len(nights),
                "all_times": len(some),
                "times": late.times,
                "share_ppm": late.share_ppm,
                "from_hour": late.from_hour,
                "until_hour": late.until_hour,
            },
            days=look.days([each.at_us for each in nights]),
        )


def _credit(look: Look) -> Iterator[Evidence]:
    rule = look.policy.indicators.emergency_credit
    if rule is None:
        return
    spans = [x for x in look.household.credit if within_us(x, look.window_us, look.end_us) > 0]
    taken = [each for each in spans if each.begin_us >= look.window_us]
    stood: set[date] = set()
    for each in spans:
        day = look.calendar.day_of(max(each.begin_us, look.window_us))
        until_us = look.end_us if each.end_us is None else min(each.end_us, look.end_us)
        while look.calendar.first_instant_us(day) < until_us:
            stood.add(day)
            day += timedelta(days=1)
    if len(taken) >= rule.times or len(stood) >= rule.days:
        yield Evidence(
            name=Name.EMERGENCY_CREDIT,
            numbers={
                "seen_times": len(taken),
                "seen_days": len(stood),
                "times": rule.times,
                "days": rule.days,
            },
            days=look.days([each.begin_us for each in spans]),
        )


def _use(look: Look) -> Iterator[Evidence]:
    neighbours = look.household.neighbours
    if neighbours is None or neighbours.households < look.policy.neighbours_min:
        return
    own = use_ratio(look.household.used_wh, day=look.household.day, policy=look.policy)
    if own is None or neighbours.ppm <= 0:
        return
    numbers = {
        "seen_wh_a_day": own.now_wh_a_day,
        "before_wh_a_day": own.before_wh_a_day,
        "seen_ppm": own.ppm,
        "neighbours_seen_ppm": neighbours.ppm,
        "neighbours": neighbours.households,
    }
    yield from _fell(look, own, neighbours.ppm, numbers)
    yield from _not_warmed(look, own, neighbours.ppm, numbers)


def _fell(
    look: Look, own: UseRatio, neighbours_ppm: int, numbers: dict[str, int]
) -> Iterator[Evidence]:
    rule = look.policy.indicators.use_fell
    if rule is None or own.ppm < rule.used_ppm:
        return
    if own.ppm * _ALL_PPM <= neighbours_ppm * rule.ratio_ppm:
        yield Evidence(
            name=Name.USE_FELL,
            numbers={**numbers, "ratio_ppm": rule.ratio_ppm, "used_ppm": rule.used_ppm},
            days=own.days,
        )


def _not_warmed(
    look: Look, own: UseRatio, neighbours_ppm: int, numbers: dict[str, int]
) -> Iterator[Evidence]:
    rule = look.policy.indicators.not_warmed
    if rule is None or look.household.day.month not in rule.months:
        return
    is_cold = neighbours_ppm >= rule.neighbours_ppm
    if is_cold and rule.used_ppm <= own.ppm <= rule.own_ppm:
        yield Evidence(
            name=Name.NOT_WARMED,
            numbers={
                **numbers,
                "neighbours_ppm": rule.neighbours_ppm,
                "own_ppm": rule.own_ppm,
                "used_ppm": rule.used_ppm,
            },
            days=own.days,
        )
