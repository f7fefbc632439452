"""How a household's use is spread over the year: the BDEW H0 standard load profile."""

import csv
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

Season = Literal["winter", "summer", "transition"]

_QUARTER_S = 900
# BDEW's dynamisation: a fourth-degree polynomial in the day of the year smooths the steps between
# the three seasons. Coefficients as published, highest power first.
_DYNAMISATION = (-3.92e-10, 3.2e-7, -7.02e-5, 2.1e-3, 1.24)


class HouseholdProfile:
    """Energy of an interval for a household of 1,000 kWh a year, in whole µWh."""

    def __init__(self, *, timezone: ZoneInfo) -> None:
        self._timezone = timezone

    def energy_uwh(self, *, end: datetime, interval: timedelta) -> int:
        """Energy in µWh used in ``[end - interval, end)`` by 1,000 kWh a year.

        The curve has one power for each quarter hour of local time. An interval takes the power of
        the quarter hour it begins in, so it should be 15 minutes or a whole fraction of them.
        """
        begin = (end - interval).astimezone(self._timezone)
        quarter = (begin.hour * 3600 + begin.minute * 60 + begin.second) // _QUARTER_S
        power_mw = _curves()[f"{_season(begin.date())}_{_day_kind(begin.date())}"][quarter]
        seconds = int(interval.total_seconds())
        return power_mw * seconds * _dynamisation_bp(begin.date()) * 1000 // (3600 * 10_000)


def _season(day: date) -> Season:
    month_day = (day.month, day.day)
    if month_day >= (11, 1) or month_day <= (3, 20):
        return "winter"
    if (5, 15) <= month_day <= (9, 14):
        return "summer"
    return "transition"


def _day_kind(day: date) -> str:
    return {5: "saturday", 6: "sunday"}.get(day.weekday(), "workday")


@cache
def _dynamisation_bp(day: date) -> int:
    """The day's factor in basis points (the BDEW rounds it to four decimals as well)."""
    day_of_year = day.timetuple().tm_yday
    factor = 0.0
    for coefficient in _DYNAMISATION:
        factor = factor * day_of_year + coefficient
    return round(factor * 10_000)


@cache
def _curves() -> dict[str, list[int]]:
    """Season and kind of day to 96 powers in mW (see ``bake_profile.py``)."""
    with (files("prewatt_simulator") / "bdew_h0.csv").open(encoding="ascii") as lines:
        header, *rows = csv.reader(lines)
    return {
        name: [int(value) for value in column]
        for name, column in zip(header, zip(*rows, strict=True), strict=True)
    }
