"""Time of use: the name of each minute, whatever the day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prewatt_metering.tariffs.holidays import HolidayCalendar
from prewatt_metering.tariffs.time_of_use import TimeOfUse

WEEKDAY, SATURDAY = date(2026, 7, 15), date(2026, 7, 18)


def _tou(*slots: dict[str, object], **more: object) -> TimeOfUse:
    return TimeOfUse.model_validate({"slots": slots, **more})


@pytest.mark.parametrize(
    ("slot", "day", "clock", "inside"),
    [
        ({"begin": "08:00", "end": "22:00"}, WEEKDAY, "08:00", True),
        ({"begin": "08:00", "end": "22:00"}, WEEKDAY, "22:00", False),
        ({"begin": "22:00", "end": "08:00"}, WEEKDAY, "23:59", True),
        ({"begin": "22:00", "end": "08:00"}, WEEKDAY, "07:59", True),
        ({"begin": "22:00", "end": "08:00"}, WEEKDAY, "08:00", False),
        ({"weekdays": ["sat"]}, SATURDAY, "12:00", True),
        ({"weekdays": ["sat"]}, WEEKDAY, "12:00", False),
        ({"seasons": [{"first": "07-01", "last": "08-31"}]}, WEEKDAY, "12:00", True),
        ({"seasons": [{"first": "11-15", "last": "03-15"}]}, date(2026, 1, 1), "12:00", True),
        ({"seasons": [{"first": "11-15", "last": "03-15"}]}, date(2026, 3, 16), "12:00", False),
        ({"seasons": [{"first": "02-29", "last": "02-29"}]}, date(2028, 2, 29), "12:00", True),
        ({"days": ["weekend"]}, SATURDAY, "12:00", True),
        ({"days": ["holiday"]}, WEEKDAY, "12:00", False),
    ],
)
def test_a_slot_holds(slot: dict[str, object], day: date, clock: str, inside: bool) -> None:
    tou = _tou({"name": "it", **slot}, {"name": "rest"})
    hours, minutes = clock.split(":")
    assert (tou.name_at(day)(int(hours) * 60 + int(minutes)) == "it") is inside


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ([{"name": "day", "begin": "06:00", "end": "22:00"}], "no slot covers 00:00"),
        (
            [
                {"name": "day", "begin": "06:00", "end": "22:00"},
                {"name": "night", "begin": "22:00", "end": "05:59"},
            ],
            "no slot covers 05:59",
        ),
        ([{"name": "week", "weekdays": ["mon", "tue", "wed", "thu", "fri"]}], "on a"),
        (
            [
                {"name": "summer", "seasons": [{"first": "04-01", "last": "09-30"}]},
                {"name": "winter", "seasons": [{"first": "10-01", "last": "03-30"}]},
            ],
            "like 03-31",
        ),
        ([{"name": "work", "days": ["workday", "weekend"]}], "holiday"),
        (
            [
                {"name": "a", "seasons": [{"first": "03-01", "last": "02-28"}]},
            ],
            "like 02-29",
        ),
        ([{"name": "x", "seasons": [{"first": "02-30", "last": "03-30"}]}], "no day of the year"),
        ([{"name": "x", "begin": "24:00"}], "begin"),
        ([{"name": "x", "weekdays": []}], "weekdays"),
    ],
)
def test_what_leaves_a_minute_without_a_name_is_refused(
    slots: list[dict[str, object]], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        _tou(*slots)


def test_the_first_slot_that_holds_names_the_minute() -> None:
    tou = _tou(
        {"name": "dear", "begin": "17:00", "end": "19:00", "days": ["workday"]},
        {"name": "day", "begin": "06:00", "end": "22:00"},
        {"name": "night"},
    )
    assert [tou.name_at(WEEKDAY)(minute) for minute in (17 * 60, 12 * 60, 0)] == [
        "dear", "day", "night",
    ]  # fmt: skip
    assert tou.name_at(SATURDAY)(17 * 60) == "day"
    assert tou.names == ("dear", "day", "night")
    assert tou.marks == (0, 360, 1020, 1140, 1320)


@pytest.mark.parametrize(
    ("calendar", "day", "kind"),
    [
        ({"country": "CN"}, date(2024, 10, 1), "holiday"),
        ({"country": "CN"}, date(2024, 10, 12), "workday"),  # a Saturday made up for the holiday
        ({"country": "CN"}, date(2024, 10, 19), "weekend"),
        ({"country": "CN"}, date(2024, 10, 16), "workday"),
        ({"country": "CN"}, date(2049, 10, 1), "holiday"),  # not announced yet: the statutory day
        ({"country": "DE", "subdivision": "BY"}, date(2026, 1, 6), "holiday"),
        ({"country": "DE", "subdivision": "BE"}, date(2026, 1, 6), "workday"),
        ({"also": ["2026-07-15"]}, WEEKDAY, "holiday"),
        ({"country": "US", "never": ["2026-07-03"]}, date(2026, 7, 3), "workday"),
        ({"country": "US"}, date(2026, 12, 25), "holiday"),
    ],
)
def test_what_a_day_counts_as(calendar: dict[str, object], day: date, kind: str) -> None:
    assert _tou({"name": "all"}, holidays=calendar).day_kind(day) == kind


@pytest.mark.parametrize("calendar", [{"country": "XX"}, {"country": "DE", "subdivision": "ZZ"}])
def test_a_calendar_that_nobody_knows_is_refused(calendar: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="no calendar"):
        _tou({"name": "all"}, holidays=calendar)
    assert HolidayCalendar().lookup()(WEEKDAY) is None


_clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))


@given(
    st.lists(st.tuples(_clocks, _clocks, st.sampled_from("abc")), max_size=6),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 1439),
)
def test_names_change_at_marks_only(
    slots: list[tuple[str, str, str]], day: date, minute: int
) -> None:
    tou = _tou(*({"name": n, "begin": b, "end": e} for b, e, n in slots), {"name": "rest"})
    mark = max(at for at in tou.marks if at <= minute)
    assert tou.name_at(day)(minute) == tou.name_at(day)(mark)
