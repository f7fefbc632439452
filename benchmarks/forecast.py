"""How good forecasts are: back-tested on measured households against simpler and heavier ways.

    python -m benchmarks.forecast FOLDER [--picture FILE]

FOLDER has a CSV file a household: ``day,h0,...,h23``, Wh by local hour, empty where nothing was
measured. docs/forecast.md says which households its figures are of and how to get them. Needs
scikit-learn, which nothing else here does, for the boosted quantiles (`--without-boosting` leaves
them out), and matplotlib for a picture.
"""

import argparse
import csv
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.ahead import DaysAhead
from prewatt_metering.forecast.costs import costs_ahead
from prewatt_metering.forecast.energy import energy_ahead
from prewatt_metering.forecast.profile import DAYS_MIN, HISTORY_DAYS, UsedDay, learn
from prewatt_metering.forecast.run_out import run_out
from prewatt_metering.forecast.terms import ChargeTerms
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import parse_tariff

Floats = NDArray[np.float64]
QUANTILES = (0.1, 0.5, 0.9)
AHEAD_DAYS = 45
LEFT_DAYS = (1, 3, 7, 14)
"""Money for about so many days is left."""
EVERY_DAYS = 9
DAY = timedelta(days=1)
FLAT = parse_tariff(
    "{code: flat, valid_from: 2000-01-01, currency: EUR, timezone: UTC, components: "
    "[{name: energy, kind: energy, micro_per_kwh: {all: 1000000}}]}"
)
MICRO_PER_WH = 1_000


class Case(NamedTuple):
    """A morning in a household: its past, what is left, and after how many hours that was used."""

    household: str
    morning: int
    left_wh: float
    about_days: int
    true_h: int


class Household(NamedTuple):
    """Wh by local day and hour; a day of which an hour is missing counts as not measured."""

    days: list[date]
    hours: Floats
    measured: NDArray[np.bool_]


def read(folder: Path) -> dict[str, Household]:
    """Every file of the folder."""
    found: dict[str, Household] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        hours = np.array([[float(each or "nan") for each in row[1:]] for row in rows])
        days = [date.fromisoformat(row[0]) for row in rows]
        measured = np.array([not np.isnan(each).any() for each in hours], np.bool_)
        found[path.stem] = Household(days, np.nan_to_num(hours), measured)
    return found


def cases(households: dict[str, Household], *, history: int) -> list[Case]:
    """Mornings with a past that is mostly measured and a future that wholly is; what is left is
    drawn with one seed."""
    random = np.random.default_rng(1)
    found: list[Case] = []
    for name, (days, hours, measured) in households.items():
        total = hours.sum(axis=1)
        for morning in range(70, len(days) - AHEAD_DAYS, EVERY_DAYS):
            past = slice(morning - 28, morning)
            ahead = slice(morning, morning + AHEAD_DAYS)
            mean = total[past][measured[past]].mean() if measured[past].any() else 0.0
            if not measured[ahead].all() or measured[past].sum() < 20 or mean < 200:
                continue
            if measured[morning - history : morning].sum() < DAYS_MIN:
                continue
            used = np.cumsum(hours[ahead].ravel())
            for about in LEFT_DAYS:
                left = mean * about * random.uniform(0.7, 1.3)
                true_h = int(np.searchsorted(used, left)) + 1
                if true_h < len(used):
                    found.append(Case(name, morning, left, about, true_h))
    return found


Way = Callable[[Household, Case], tuple[float, float, float]]


def ours(history: int) -> Way:
    """The library, over a flat price."""
    calendar = LocalCalendar("UTC")
    steps = DaysAhead(calendar, lambda day: FLAT.slots_of(calendar, day), _is_off)
    book = TariffBook([FLAT])

    def way(home: Household, case: Case) -> tuple[float, float, float]:
        first = max(0, case.morning - history)
        past = range(first, case.morning)
        total = home.hours.sum(axis=1)
        days = [UsedDay(day=home.days[at], wh=round(total[at])) for at in past if home.measured[at]]
        week = home.hours[case.morning - 7 : case.morning].sum(axis=0)
        profile = learn(days, is_off=_is_off, hour_wh=[round(each) for each in week])
        assert profile is not None
        today = home.days[case.morning]
        ahead = steps.from_(calendar.first_instant_us(today), days=92)
        terms = ChargeTerms(book=book, so_far={}, charged_day=today, first_day=date(2000, 1, 1))
        costs = costs_ahead(terms, ahead, energy_ahead(profile, ahead))
        left_micro = round(case.left_wh * MICRO_PER_WH)
        found = run_out(costs, left_micro=left_micro, now_us=costs.at_us[0])
        p10, p50, p90 = (
            (costs.at_us[-1] if at is None else at) - costs.at_us[0]
            for at in (found.p10_us, found.p50_us, found.p90_us)
        )
        return p10 / HOUR_US, p50 / HOUR_US, p90 / HOUR_US

    return way


def _is_off(day: date) -> bool:
    return day.weekday() >= 5


def mean_of_month(home: Household, case: Case) -> tuple[float, float, float]:
    """What is left by the mean of the last 28 days, each hour alike."""
    past = slice(case.morning - 28, case.morning)
    mean = home.hours[past].sum(axis=1)[home.measured[past]].mean()
    hours = float(case.left_wh / mean * 24)
    return hours, hours, hours


def mean_of_weekday(home: Household, case: Case) -> tuple[float, float, float]:
    """By the mean of the last four of each weekday."""
    past = [at for at in range(case.morning - 28, case.morning) if home.measured[at]]
    total = home.hours.sum(axis=1)
    usual = np.mean([total[at] for at in past])
    by_weekday = [
        np.mean([total[at] for at in past if home.days[at].weekday() == weekday] or [usual])
        for weekday in range(7)
    ]
    day, left, hours = home.days[case.morning], case.left_wh, 0.0
    while left > by_weekday[day.weekday()]:
        left -= by_weekday[day.weekday()]
        day, hours = day + DAY, hours + 24
    hours += 24 * left / by_weekday[day.weekday()]
    return float(hours), float(hours), float(hours)


def boosted(households: dict[str, Household], some: list[Case]) -> Way:
    """Gradient-boosted quantiles of the log of run-out against the mean, each household forecast by
    trees that never saw it."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-not-found]

    x = np.array([_features(households[case.household], case) for case in some])
    usual = np.array([mean_of_month(households[case.household], case)[1] for case in some])
    y = np.log(np.array([case.true_h for case in some]) / usual)
    name = np.array([case.household for case in some])
    found = np.zeros((len(some), 3))
    for one in households:
        inside = name == one
        if not inside.any():
            continue
        for column, quantile in enumerate(QUANTILES):
            model: Any = HistGradientBoostingRegressor(
                loss="quantile", quantile=quantile, max_iter=150, learning_rate=0.05, max_depth=4,
                min_samples_leaf=30, random_state=1,
            )  # fmt: skip
            model.fit(x[~inside], y[~inside])
            found[inside, column] = usual[inside] * np.exp(model.predict(x[inside]))
    by_case = dict(zip(some, np.sort(found, axis=1).tolist(), strict=True))
    return lambda _, case: tuple(by_case[case])  # type: ignore[return-value]


def _features(home: Household, case: Case) -> list[float]:
    total = home.hours.sum(axis=1)
    mean = total[case.morning - 28 : case.morning].mean() + 1
    last = total[case.morning - 14 : case.morning] / mean
    return [
        np.log(case.left_wh / mean),
        home.days[case.morning].weekday(),
        home.days[case.morning].timetuple().tm_yday,
        last[-1], last[-3:].mean(), last[-7:].mean(), last.mean(), last.std(),
    ]  # fmt: skip


class Score(NamedTuple):
    """Pinball loss and miss of the middle in hours; shares of cases in percent."""

    cases: int
    pinball_h: float
    middle_off_h: float
    inside: float
    before_p10: float
    after_p90: float


def score(told: Floats, true_h: Floats) -> Score:
    """``told``: p10, p50, p90 in hours, a row a case. An hour is as fine as cases are known."""
    off = true_h[:, None] - told
    quantile = np.array(QUANTILES)
    pinball = np.maximum(quantile * off, (quantile - 1) * off).mean()
    early, late = true_h < told[:, 0] - 1, true_h > told[:, 2] + 1
    return Score(
        len(told),
        float(pinball),
        float(np.abs(off[:, 1]).mean()),
        100 * float((~early & ~late).mean()),
        100 * float(early.mean()),
        100 * float(late.mean()),
    )


def run(folder: Path, *, boosting: bool, history: int, picture: Path | None) -> None:
    """All ways on all cases; prints a table."""
    households = read(folder)
    some = cases(households, history=history)
    ways: dict[str, Way] = {
        "mean of 28 days": mean_of_month,
        "mean of the weekday": mean_of_weekday,
    }
    if boosting:
        ways["boosted quantiles"] = boosted(households, some)
    ways["prewatt"] = ours(history)
    told: dict[str, Floats] = {}
    print("| way | money for about | cases | pinball, h | p50 off by, h | in p10..p90 | before p10"
          " | after p90 |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    true_h = np.array([case.true_h for case in some], np.float64)
    about = np.array([case.about_days for case in some])
    for name, way in ways.items():
        begin = time.process_time()
        told[name] = np.array([way(households[case.household], case) for case in some])
        cost_ms = (time.process_time() - begin) / len(some) * 1_000
        for days in LEFT_DAYS:
            of = score(told[name][about == days], true_h[about == days])
            print(
                f"| {name} | {days} d | {of.cases} | {of.pinball_h:.1f} | {of.middle_off_h:.1f}"
                f" | {of.inside:.0f} % | {of.before_p10:.0f} % | {of.after_p90:.0f} % |"
            )
        if name == "prewatt":
            print(f"\n{cost_ms:.2f} CPU-ms a forecast of 92 days, profile included")
    if picture is not None:
        _draw(told, true_h, about, picture)


def _draw(told: dict[str, Floats], true_h: Floats, about: NDArray[Any], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "prewatt", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6))
    marks = ["o", "s", "^", "D"]
    for (name, each), mark in zip(told.items(), marks, strict=False):
        scores = [score(each[about == days], true_h[about == days]) for days in LEFT_DAYS]
        left.plot(LEFT_DAYS, [of.pinball_h for of in scores], marker=mark, label=name)
        right.plot(LEFT_DAYS, [of.inside for of in scores], marker=mark, label=name)
    right.axhline(80, color="grey", linestyle=":", linewidth=1)
    right.text(14, 81.5, "80 % is right", ha="right", color="grey")
    left.set(ylabel="pinball loss, hours (lower is better)", ylim=(0, None))
    right.set(ylabel="true run-outs within p10..p90, %", ylim=(0, 100))
    for axes in (left, right):
        axes.set(xlabel="money is left for about so many days", xticks=LEFT_DAYS)
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Back-test forecasts on measured households.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--history", type=int, default=HISTORY_DAYS, help="days of the past known")
    parser.add_argument("--without-boosting", action="store_true")
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    run(given.folder, boosting=not given.without_boosting, history=given.history,
        picture=given.picture)  # fmt: skip
