"""How much will be used from an instant on: a low, a middle and a high course."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.forecast.ahead import DaySteps, Ints
from prewatt_metering.forecast.profile import Floats, UseProfile


@dataclass(frozen=True, slots=True)
class EnergyAhead:
    """``end_us``: of each step. ``wh``: what is used until then, with a row for each course: what
    is used is above the first nine times in ten, above the second every other time, above the third
    once in ten."""

    end_us: Ints
    wh: Floats


def energy_ahead(profile: UseProfile, days: Sequence[DaySteps]) -> EnergyAhead:
    """Over ``days``, from the first step's begin on. None of the courses ever falls, and the three
    do not cross."""
    begin_us = np.concatenate([each.begin_us for each in days])
    end_us = np.concatenate([each.end_us for each in days])
    hour = np.concatenate([each.hour for each in days])
    factor = np.concatenate(
        [
            np.full(
                len(each.hour), profile.day_off_factor if each.is_off else profile.workday_factor
            )
            for each in days
        ]
    )
    share = np.array(profile.hour_share)[hour] * (end_us - begin_us) / HOUR_US
    middle = np.cumsum(profile.day_wh * factor * share)
    ahead_days = (end_us - begin_us[0]) / DAY_US if len(end_us) else np.zeros(0)
    miss = np.interp(ahead_days, np.arange(1, len(profile.miss) + 1), np.array(profile.miss))
    low = np.maximum.accumulate(middle * np.exp(-miss))
    high = np.maximum.accumulate(middle * np.exp(miss))
    return EnergyAhead(end_us, np.stack([low, middle, high]))
