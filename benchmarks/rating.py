"""The pure libraries alone: a month of one meter from readings to lines, and a batch by numpy.

CPU time of this process, so a busy machine changes little: the median of many runs.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np

from prewatt_metering.calendar.instants import MINUTE_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.rating.batch import charge_batch
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import parse_tariff
from prewatt_metering.tariffs.periods import Period
from prewatt_metering.usage.days import day_usage
from prewatt_metering.vee.trust import trusted

INTERVALS = 2_976
ACCOUNTS = 100_000
_TARIFF = """
code: bench
valid_from: 2026-01-01
currency: CNY
timezone: Asia/Shanghai
time_of_use:
  slots: [{name: peak, begin: "08:00", end: "22:00"}, {name: valley}]
components:
  - {name: energy, kind: energy, micro_per_kwh: {peak: 568300, valley: 288300}}
  - name: ladder
    kind: blocks
    blocks:
      - {upto_wh: 230000, micro_per_kwh: 0}
      - {upto_wh: 400000, micro_per_kwh: 50000}
      - {upto_wh: null, micro_per_kwh: 300000}
  - {name: meter, kind: standing, micro_per_day: 100000}
  - {name: vat, kind: levy, rate_ppm: 130000}
"""
MAY = Period(date(2026, 5, 1), date(2026, 6, 1))


def measure() -> dict[str, Any]:
    """``month_ms``: a month of a meter rated again; ``batch_us``: an account of a batch."""
    return {
        "intervals": INTERVALS,
        "month_ms": round(_median_s(_month(), runs=60) * 1e3, 2),
        "accounts": ACCOUNTS,
        "batch_us": round(_median_s(_batch(), runs=10) * 1e6 / ACCOUNTS, 3),
    }


def _month() -> Callable[[], object]:
    version = parse_tariff(_TARIFF)
    book, calendar = TariffBook([version]), LocalCalendar("Asia/Shanghai")
    tou = version.time_of_use
    assert tou is not None
    installation = Installation(meter="m", account="a")
    facts = MeterFacts(meter="m")

    @cache
    def slots_of(day: date) -> DaySlots:
        return slots_of_day(calendar, day, tou.name_at(day), tou.marks)

    rng = random.Random(1)
    at_us = us_of(datetime(2026, 4, 30, 16, tzinfo=UTC))
    readings = [Reading(at_us, 0)]
    for _ in range(INTERVALS):
        last = readings[-1]
        readings.append(Reading(last.at_us + 15 * MINUTE_US, last.register_wh + rng.randrange(300)))

    def run() -> object:
        trust = trusted(readings=readings, installation=installation, facts=facts)
        use = day_usage(
            intervals=trust.intervals,
            installation=installation,
            calendar=calendar,
            slots_of=slots_of,
        )
        parts = parts_of_use(book=book, period=MAY, use_wh=use, served=MAY)
        return charge(period=MAY, parts=parts)

    return run


def _batch() -> Callable[[], object]:
    version = parse_tariff(_TARIFF)
    rng = np.random.default_rng(1)
    energy_wh = rng.integers(0, 600_000, (ACCOUNTS, 2), dtype=np.int64)
    days = rng.integers(0, 32, ACCOUNTS, dtype=np.int64)
    return lambda: charge_batch(version=version, period=MAY, energy_wh=energy_wh, days=days)


def _median_s(run: Callable[[], object], *, runs: int) -> float:
    run()
    times: list[float] = []
    for _ in range(runs):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return statistics.median(times)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
