"""What will be used, what it costs, when money ends: tables, and what always holds."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tariff_texts import LADDER_AND_TIME

from prewatt_metering.calendar.instants import DAY_US, HOUR_US, MINUTE_US, instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.ahead import DaysAhead
from prewatt_metering.forecast.costs import costs_ahead
from prewatt_metering.forecast.energy import energy_ahead
from prewatt_metering.forecast.profile import DAYS_MIN, UsedDay, UseProfile, learn
from prewatt_metering.forecast.run_out import CostsAhead, Course, RunOut, run_out
from prewatt_metering.forecast.terms import ChargeTerms
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, parse_tariff
from prewatt_metering.tariffs.periods import Period

DAY = timedelta(days=1)
TODAY = date(2026, 11, 16)  # a Monday
FLAT = """
code: flat
valid_from: 2020-01-01
currency: CNY
timezone: {zone}
components:
  - {{name: energy, kind: energy, micro_per_kwh: {{all: {price}}}}}
  - {{name: standing, kind: standing, micro_per_day: {standing}}}
"""
WEEKEND_HOURS = [*[1] * 18, *[10] * 6]


def flat(zone: str = "Asia/Shanghai", price: int = 1_000_000, standing: int = 0) -> TariffVersion:
    return parse_tariff(FLAT.format(zone=zone, price=price, standing=standing))


def is_off(day: date) -> bool:
    return day.weekday() >= 5


def history(*wh: int, until: date = TODAY) -> list[UsedDay]:
    return [UsedDay(day=until - (len(wh) - at) * DAY, wh=each) for at, each in enumerate(wh)]


def profile_of(*wh: int, hour_wh: Sequence[int] = ()) -> UseProfile:
    known = learn(history(*wh), is_off=is_off, hour_wh=hour_wh)
    assert known is not None
    return known


def ahead(
    profile: UseProfile,
    version: TariffVersion,
    *,
    now: datetime,
    days: int = 40,
    so_far: dict[tuple[date, str], int] | None = None,
) -> CostsAhead:
    calendar = LocalCalendar(version.timezone)
    steps = DaysAhead(calendar, lambda day: version.slots_of(calendar, day), is_off)
    today = calendar.day_of(us_of(now))
    terms = ChargeTerms(
        book=TariffBook([version]),
        so_far={} if so_far is None else {today.replace(day=1): so_far},
        charged_day=today,
        first_day=date(2026, 1, 1),
    )
    some = steps.from_(us_of(now), days=days)
    return costs_ahead(terms, some, energy_ahead(profile, some))


def midnight(zone: str, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ends(costs: CostsAhead, left_micro: int) -> RunOut:
    return run_out(costs, left_micro=left_micro, now_us=costs.at_us[0])


def test_who_uses_the_same_every_day_is_known_to_the_hour() -> None:
    now = midnight("Asia/Shanghai")
    costs = ahead(profile_of(*[4_800] * 28), flat(), now=now)
    found = ends(costs, 24_000_000)  # five days at 4.8 kWh
    assert found.p10_us == found.p50_us == found.p90_us
    assert instant_of(found.p50_us or 0) == now + 5 * DAY


def test_the_hours_of_the_clock_decide_within_a_day() -> None:
    now = midnight("Asia/Shanghai")
    costs = ahead(profile_of(*[7_800] * 28, hour_wh=WEEKEND_HOURS), flat(), now=now)
    found = ends(costs, 1_800_000)  # 18 hours at 0.1 kWh
    assert instant_of(found.p50_us or 0) == now + timedelta(hours=18)


@pytest.mark.parametrize("days", [0, 1, DAYS_MIN - 1])
def test_of_too_few_days_nothing_is_known(days: int) -> None:
    assert learn(history(*[5_000] * days), is_off=is_off) is None


def test_days_of_a_gap_say_how_much_and_not_how_it_varies() -> None:
    days = history(*[3_000, 7_000] * 10)
    spread = [UsedDay(day=TODAY - (30 - at) * DAY, wh=5_000, is_measured=False) for at in range(10)]
    alone = learn(days, is_off=is_off)
    both = learn([*spread, *days], is_off=is_off)
    assert alone is not None
    assert both is not None
    assert (both.measured_days, both.spread_days) == (20, 10)
    assert both.miss[0] == pytest.approx(alone.miss[0], rel=0.3)
    assert both.miss[0] > 0.2


def test_a_gap_alone_is_not_known() -> None:
    days = [UsedDay(day=TODAY - (30 - at) * DAY, wh=5_000, is_measured=False) for at in range(30)]
    assert learn(days, is_off=is_off) is None


def test_a_weekend_that_uses_more_ends_money_sooner() -> None:
    week = [4_000] * 5 + [12_000] * 2
    known = profile_of(*week * 6)
    assert known.day_off_factor > 2 * known.workday_factor
    friday = midnight("Asia/Shanghai", date(2026, 11, 20))
    monday = midnight("Asia/Shanghai", date(2026, 11, 23))
    over_weekend = ends(ahead(known, flat(), now=friday), 16_000_000).p50_us
    over_week = ends(ahead(known, flat(), now=monday), 16_000_000).p50_us
    assert over_weekend is not None
    assert over_week is not None
    assert over_weekend - us_of(friday) < 2.5 * DAY_US
    assert over_week - us_of(monday) > 3 * DAY_US


def test_what_was_used_lately_counts_most() -> None:
    known = profile_of(*[2_000] * 40, *[6_000] * 10)
    assert 5_000 < known.day_wh < 6_000


def test_who_uses_nothing_never_runs_out_but_for_the_standing_charge() -> None:
    now = midnight("Asia/Shanghai")
    known = profile_of(*[0] * 20)
    assert ends(ahead(known, flat(), now=now), 1) == RunOut(p10_us=None, p50_us=None, p90_us=None)
    found = ends(ahead(known, flat(standing=1_000_000), now=now), 3_000_000)
    assert instant_of(found.p50_us or 0) == now + 3 * DAY  # the fourth midnight asks for the last


@pytest.mark.parametrize("left_micro", [0, -5_000_000])
def test_who_has_nothing_left_has_run_out_now(left_micro: int) -> None:
    now = midnight("Asia/Shanghai")
    found = ends(ahead(profile_of(*[5_000] * 20), flat(), now=now), left_micro)
    assert {found.p10_us, found.p50_us, found.p90_us} == {us_of(now)}


def test_farther_than_was_looked_nothing_is_said() -> None:
    costs = ahead(profile_of(*[1_000] * 20), flat(), now=midnight("Asia/Shanghai"), days=10)
    assert ends(costs, 10_000_001).p50_us is None
    assert ends(costs, 9_999_000).p50_us is not None


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 28), 24)]
)
def test_a_day_on_which_the_clock_changes_has_its_own_hours(day: date, hours: int) -> None:
    now = midnight("Europe/Berlin", day)
    costs = ahead(profile_of(*[2_400] * 20), flat("Europe/Berlin"), now=now)
    assert ends(costs, hours * 100_000).p50_us == us_of(now) + hours * HOUR_US


def test_from_within_a_day_what_is_left_of_it_counts() -> None:
    now = midnight("Asia/Shanghai") + timedelta(hours=18)
    costs = ahead(profile_of(*[2_400] * 20), flat(), now=now)
    assert ends(costs, 600_000).p50_us == us_of(now) + 6 * HOUR_US


def test_blocks_go_on_from_what_the_period_has_used_and_begin_anew_with_the_next() -> None:
    version = parse_tariff(LADDER_AND_TIME)
    now = midnight(version.timezone)
    name = version.slot_names[0]
    known = profile_of(*[10_000] * 20)
    low, high = (
        ahead(known, version, now=now, so_far={(TODAY.replace(day=1), name): wh})
        for wh in (0, 2_000_000)
    )
    assert high.middle_micro[-1] > low.middle_micro[-1]
    after = us_of(midnight(version.timezone, date(2026, 12, 1)))
    rest = [each.middle_micro[-1] - (each.until(after, Course.MIDDLE) or 0) for each in (low, high)]
    assert rest[0] == pytest.approx(rest[1], abs=2)


def test_the_middle_course_costs_what_the_tariff_says() -> None:
    """By the rater that charges, over the same energy."""
    version = parse_tariff(LADDER_AND_TIME)
    calendar = LocalCalendar(version.timezone)
    now = midnight(version.timezone)
    known = profile_of(*[10_000] * 20)
    some = DaysAhead(calendar, lambda day: version.slots_of(calendar, day), is_off).from_(
        us_of(now), days=10
    )
    energy = energy_ahead(known, some)
    use: dict[tuple[date, str], float] = {}
    names = [(each.day, each.names[slot]) for each in some for slot in each.slot.tolist()]
    for key, wh in zip(names, np.diff(energy.wh[1], prepend=0.0).tolist(), strict=True):
        use[key] = use.get(key, 0.0) + wh
    november = Period(date(2026, 11, 1), date(2026, 12, 1))

    def total(use_wh: dict[tuple[date, str], int], last: date) -> int:
        parts = parts_of_use(
            book=TariffBook([version]),
            period=november,
            use_wh=use_wh,
            served=Period(november.first, last + DAY),
        )
        return charge(period=november, parts=parts).total_micro

    whole = {key: round(wh) for key, wh in use.items()}
    expected = total(whole, TODAY + 10 * DAY) - total({}, TODAY)
    costs = ahead(known, version, now=now, days=10)
    assert costs.middle_micro[-1] == pytest.approx(expected, abs=20_000)


used = st.lists(st.integers(0, 40_000), min_size=DAYS_MIN, max_size=60)


@given(used, st.integers(0, 10**8), st.integers(0, 10**8), st.integers(0, 47))
@settings(max_examples=60, deadline=None)
def test_more_money_never_ends_sooner_and_the_three_do_not_cross(
    wh: list[int], a: int, b: int, hour: int
) -> None:
    now = midnight("Asia/Shanghai") + timedelta(hours=hour)
    costs = ahead(profile_of(*wh), parse_tariff(LADDER_AND_TIME), now=now)
    far = 2**62

    def three(left: int) -> list[int]:
        found = ends(costs, left)
        return [far if at is None else at for at in (found.p10_us, found.p50_us, found.p90_us)]

    less, more = three(min(a, b)), three(max(a, b))
    assert all(x <= y for x, y in zip(less, more, strict=True))
    assert less == sorted(less)
    assert all(at >= us_of(now) for at in less)


busy = st.lists(st.integers(1_000, 40_000), min_size=DAYS_MIN, max_size=60)


@given(busy, st.integers(1, 10**8), st.sampled_from([3, 10, 100]))
@settings(max_examples=40, deadline=None)
def test_another_currency_or_another_unit_of_energy_changes_nothing(
    wh: list[int], left: int, times: int
) -> None:
    now = midnight("Asia/Shanghai")
    once = ends(ahead(profile_of(*wh), flat(price=1_000_000), now=now), left)
    currency = ends(ahead(profile_of(*wh), flat(price=times * 1_000_000), now=now), left * times)
    energy = ends(ahead(profile_of(*[each * times for each in wh]), flat(), now=now), left * times)
    for found in (currency, energy):
        for x, y in zip(
            (once.p10_us, once.p50_us, once.p90_us),
            (found.p10_us, found.p50_us, found.p90_us),
            strict=True,
        ):
            if x is None or y is None:
                continue  # at the edge of what was looked at
            # Energy is whole Wh, of which the slowest hour here uses some forty.
            assert abs(x - y) <= 5 * MINUTE_US


def test_the_same_days_give_the_same_forecast() -> None:
    wh = [3_000, 9_000, 4_000, 8_000, 2_000, 7_500, 6_000] * 4
    assert profile_of(*wh) == profile_of(*wh)
    assert learn(list(reversed(history(*wh))), is_off=is_off) == profile_of(*wh)


def test_costs_that_were_worked_out_in_the_morning_serve_all_day() -> None:
    now = midnight("Asia/Shanghai")
    costs = ahead(profile_of(*[4_800] * 28), flat(), now=now)
    noon = us_of(now) + 12 * HOUR_US
    found = run_out(costs, left_micro=2_400_000, now_us=noon)
    assert found.p50_us == noon + 12 * HOUR_US
    assert costs.within(now_us=noon, ahead_us=3 * DAY_US, course=Course.MIDDLE) == 14_400_000
    assert costs.within(now_us=noon, ahead_us=60 * DAY_US, course=Course.MIDDLE) is None
