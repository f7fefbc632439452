"""Intervals, energies and flags are the oracle's: on its own scenarios and on random sets.

The oracle shares no code with this library. `PREWATT_ORACLE_SETS` says how many random sets.
"""

import json
import os
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.days import day_usage
from prewatt_metering.vee.trust import Trust, trusted

Json = dict[str, Any]
SETS = int(os.environ.get("PREWATT_ORACLE_SETS", "300"))
ZONES = (
    "Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Apia", "Europe/Berlin", "Asia/Shanghai", "America/New_York",
    "America/Scoresbysund", "Pacific/Chatham",
)  # fmt: skip
QUARTER_US = 900_000_000


def us(text: str) -> int:
    return us_of(datetime.fromisoformat(text))


def installation_of(account: Json, meter: Json) -> Installation:
    return Installation(
        meter=meter["id"],
        account=account["id"],
        from_us=us(meter["from"]) if meter.get("from") else None,
        to_us=us(meter["to"]) if meter.get("to") else None,
        opening_wh=meter.get("opening_wh"),
        closing_wh=meter.get("closing_wh"),
    )


def facts_of(meter: Json) -> MeterFacts:
    return MeterFacts(
        meter=meter["id"],
        modulus_wh=meter.get("modulus_wh"),
        resolution_wh=meter.get("resolution_wh", 0),
        max_w=meter.get("max_w"),
    )


def trust_of(account: Json, meter: Json, readings: list[Json], as_of_us: int | None) -> Trust:
    return trusted(
        readings=[
            Reading(us(each["ts"]), each["register_wh"])
            for each in readings
            if each["meter"] == meter["id"]
        ],
        installation=installation_of(account, meter),
        facts=facts_of(meter),
        as_of_us=as_of_us,
    )


def slots_of(scenario: Json, calendar: LocalCalendar) -> Callable[[date], DaySlots]:
    """Time of use as the scenario's versions say it, with weekdays."""
    remembered: dict[date, DaySlots] = {}

    def minutes(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    def of(day: date) -> DaySlots:
        if day not in remembered:
            version = max(
                (v for v in scenario["tariff"]["versions"] if v["from"] <= day.isoformat()),
                key=lambda each: each["from"],
            )

            def name_at(minute: int) -> str:
                for slot in version["tou"]:
                    begin, end = minutes(slot["from"]), minutes(slot["to"])
                    inside = (
                        begin <= minute < end
                        if begin < end
                        else begin == end or not end <= minute < begin
                    )
                    if inside and day.weekday() in slot.get("days", range(7)):
                        return slot["name"]
                raise AssertionError(minute)

            marks = {minutes(slot[k]) for slot in version["tou"] for k in ("from", "to")}
            remembered[day] = slots_of_day(calendar, day, name_at, sorted(m % 1440 for m in marks))
        return remembered[day]

    return of


def energy(scenario: Json, account: Json) -> tuple[dict[tuple[date, str], int], dict[str, int]]:
    """(Wh by day and name over all of the account's meters, flags)."""
    calendar = LocalCalendar(scenario["tz"])
    slots = slots_of(scenario, calendar)
    sums: dict[tuple[date, str], int] = defaultdict(int)
    flags: dict[str, int] = defaultdict(int)
    for meter in account["meters"]:
        trust = trust_of(account, meter, scenario["readings"], us(scenario["as_of"]))
        for name, count in trust.flags().items():
            flags[name] += count
        used = day_usage(
            intervals=trust.intervals,
            installation=installation_of(account, meter),
            calendar=calendar,
            slots_of=slots,
            opened=date.fromisoformat(account["opened"]),
            closed=date.fromisoformat(account["closed"]) if account.get("closed") else None,
        )
        for key, wh in used.items():
            sums[key] += wh
    return dict(sums), dict(flags)


def check_scenario(oracle: ModuleType, scenario: Json) -> None:
    """Every account: energy by month, version and name, and the flags."""
    tz, as_of = ZoneInfo(scenario["tz"]), oracle.instant(scenario["as_of"])
    by_meter: dict[str, list[Json]] = defaultdict(list)
    for reading in scenario["readings"]:
        if oracle.instant(reading["ts"]) <= as_of:
            by_meter[reading["meter"]].append(reading)
    for account in scenario["accounts"]:
        flags: dict[str, int] = defaultdict(int)
        expected = oracle.energy_of(account, scenario["tariff"], tz, as_of, by_meter, flags)
        used, ours = energy(scenario, account)
        sums: dict[tuple[int, int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (day, name), wh in used.items():
            since = max(
                v["from"] for v in scenario["tariff"]["versions"] if v["from"] <= day.isoformat()
            )
            sums[day.year, day.month, since][name] += wh
        assert nonzero(sums) == nonzero(expected), f"{account['id']} of {json.dumps(scenario)}"
        theirs = {name: count for name, count in flags.items() if count}
        assert ours == theirs, f"{account['id']} of {json.dumps(scenario)}"


def nonzero(sums: Any) -> dict[Any, dict[str, int]]:
    return {
        key: some
        for key, names in sums.items()
        if (some := {name: wh for name, wh in names.items() if wh})
    }


def test_energies_and_flags_of_every_scenario(oracle: ModuleType, scenarios: list[Path]) -> None:
    for path in scenarios:
        check_scenario(oracle, json.loads(path.read_text()))


def random_registers(rng: random.Random, meter: Json, begin_us: int) -> list[tuple[int, int]]:
    """(instant, Wh): mostly sound, with everything that goes wrong in the field."""
    modulus = meter.get("modulus_wh")
    step_us = rng.choice([QUARTER_US, 4 * QUARTER_US, 24 * QUARTER_US, 96 * QUARTER_US])
    register = rng.randrange(modulus or 10_000_000)
    at_us, readings = begin_us, list[tuple[int, int]]()
    for _ in range(rng.randrange(1, 60)):
        at_us += step_us if rng.random() < 0.8 else rng.randrange(1, 30 * step_us)
        luck = rng.random()
        register += rng.randrange(max(1, 2_000 * step_us // (4 * QUARTER_US)))
        if luck < 0.03:
            register = rng.randrange(1 + register // 2)
        if luck > 0.98:
            register += rng.randrange(10_000_000)
        if modulus:
            register %= modulus
        value = register
        if 0.1 < luck < 0.2:
            value = rng.choice(
                [0, 1, register // 2, register * 2, register + 50_000, modulus or 10**9, -5,
                 register + 1, 999_999_999, max(0, register - rng.randrange(1_000))]
            )  # fmt: skip
        readings.append((at_us, value))
        if rng.random() < 0.03:
            readings.append((at_us, value + rng.choice([-1, 1, 500, -500])))
        if rng.random() < 0.05:
            readings.append(rng.choice(readings))
    return readings


def random_ends(
    rng: random.Random, readings: list[tuple[int, int]], modulus_wh: int | None
) -> Json:
    """When the installation began and ended, and what its registers showed; often not said.

    A register from which a fall is more than the modulus is left to a test of its own: the oracle
    takes that for a rollover of less than nothing, against its own rule 2."""
    if rng.random() < 0.5:
        return {}
    ends: Json = {}
    end_wh = modulus_wh or 10**12
    some = rng.choice(readings)
    ends["from"] = instant_of(some[0] - rng.choice([0, 1, 10**9])).isoformat()
    if rng.random() < 0.7:
        ends["opening_wh"] = max(0, some[1] - rng.choice([0, 0, 100, 5_000])) % end_wh
    if rng.random() < 0.5:
        later = rng.choice([each for each in readings if each[0] >= some[0]])
        ends["to"] = instant_of(later[0] + rng.choice([0, 1, 10**9])).isoformat()
        if rng.random() < 0.7:
            ends["closing_wh"] = max(0, later[1] + rng.choice([0, 0, 100, 5_000])) % end_wh
    return ends


def random_meter(rng: random.Random, begin_us: int) -> tuple[Json, list[Json]]:
    meter: Json = {"id": "m"}
    modulus = rng.choice([None, None, 1_000, 100_000, 10_000_000])
    if modulus:
        meter["modulus_wh"] = modulus
    if rng.random() < 0.4:
        meter["resolution_wh"] = rng.choice([1, 10, 100, 999])
    if rng.random() < 0.5:
        meter["max_w"] = rng.choice([500, 5_000, 23_000, 100_000])
    readings = random_registers(rng, meter, begin_us)
    meter |= random_ends(rng, readings, modulus)
    rng.shuffle(readings)
    return meter, [
        {"meter": "m", "ts": instant_of(at_us).isoformat(), "register_wh": wh}
        for at_us, wh in readings
    ]


TOU = (
    [{"name": "all", "from": "00:00", "to": "00:00", "micro_per_kwh": 1}],
    [
        {"name": "day", "from": "06:00", "to": "22:00", "micro_per_kwh": 1},
        {"name": "night", "from": "22:00", "to": "06:00", "micro_per_kwh": 1},
    ],
    [
        {"name": "weekend", "from": "00:00", "to": "00:00", "days": [5, 6], "micro_per_kwh": 1},
        {"name": "a", "from": "00:30", "to": "01:15", "micro_per_kwh": 1},
        {"name": "b", "from": "02:30", "to": "23:45", "micro_per_kwh": 1},
        {"name": "c", "from": "00:00", "to": "00:00", "micro_per_kwh": 1},
    ],
)
# Days about which clocks change somewhere, or a day is skipped.
MOMENTS = (
    "2026-03-29", "2026-10-25", "2026-09-05", "2026-04-04", "2026-03-08", "2026-11-01",
    "2026-04-24", "2026-10-29", "2026-10-04", "2011-12-30", "2026-06-30", "2026-01-01",
)  # fmt: skip


def random_scenario(seed: int) -> Json:
    rng = random.Random(seed)
    day = date.fromisoformat(rng.choice(MOMENTS))
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=rng.randrange(99))
    meter, readings = random_meter(rng, us_of(begin))
    versions = [{"from": "1970-01-01", "tou": rng.choice(TOU)}]
    if rng.random() < 0.3:
        # A version a day makes the oracle tell each day's energy.
        versions += [
            {"from": (day + timedelta(days=n)).isoformat(), "tou": versions[0]["tou"]}
            for n in range(-3, 4)
        ]
    if rng.random() < 0.3:
        versions.append({"from": day.isoformat(), "tou": rng.choice(TOU)})
        versions = list({v["from"]: v for v in versions}.values())
    return {
        "seed": seed,
        "tz": rng.choice(ZONES),
        "as_of": (begin + timedelta(days=rng.choice([2, 10, 10_000]))).isoformat(),
        "tariff": {"versions": versions},
        "accounts": [
            {
                "id": "A",
                "opened": (day - timedelta(days=rng.choice([0, 2, 400]))).isoformat(),
                "closed": rng.choice([None, (day + timedelta(days=rng.randrange(9))).isoformat()]),
                "meters": [meter],
            }
        ],
        "readings": readings,
    }


def check_intervals(oracle: ModuleType, scenario: Json) -> None:
    account = scenario["accounts"][0]
    meter, as_of = account["meters"][0], oracle.instant(scenario["as_of"])
    counted = [each for each in scenario["readings"] if oracle.instant(each["ts"]) <= as_of]
    expected = [
        (us_of(begin), us_of(end), wh)
        for begin, end, wh in oracle.intervals(meter, counted, as_of, defaultdict(int))
    ]
    trust = trust_of(account, meter, scenario["readings"], us_of(as_of))
    assert [each[:3] for each in trust.intervals] == expected, json.dumps(scenario)


@pytest.mark.parametrize("chunk", range(5))
def test_random_sets(oracle: ModuleType, chunk: int) -> None:
    for seed in range(chunk, SETS, 5):
        scenario = random_scenario(seed)
        check_intervals(oracle, scenario)
        check_scenario(oracle, scenario)
