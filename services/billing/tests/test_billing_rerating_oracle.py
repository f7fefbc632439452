"""From readings to a charge: billing's own against the oracle, which shares no code with anything.

Skips where no oracle stands beside the checkout.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rerating_cases import OURS, MeterCase, agreement, meter_cases

from billing.archive.read_meters import NUMBERED
from billing.nights.meters import Served
from billing.nights.use_of_meters import Readings, use_of_meters
from billing.readings.values import Reading
from billing.rerating.charge import charge, spans_of
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.rerating.use import Use, use_of_meter
from billing.terms.values import Agreement, Installation, MeterFacts
from prewatt_common.local_folder import LocalFolder
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, tariff_of
from prewatt_metering.tariffs.fields import WEEKDAYS
from prewatt_metering.tariffs.periods import Period, period_of

Json = dict[str, Any]
DAY = timedelta(days=1)


def us(text: str) -> int:
    return us_of(datetime.fromisoformat(text))


def version_of(version: Json, tz: str) -> TariffVersion:
    slots = [
        {
            "name": slot["name"],
            "begin": slot["from"],
            "end": slot["to"],
            "weekdays": [WEEKDAYS[day] for day in slot.get("days", range(7))],
        }
        for slot in version["tou"]
    ]
    prices = {slot["name"]: slot["micro_per_kwh"] for slot in version["tou"]}
    blocks = [
        {"upto_wh": each["upto_wh"], "micro_per_kwh": each["adder_micro_per_kwh"]}
        for each in version["blocks"]
    ]
    return tariff_of(
        {
            "code": "home",
            "valid_from": version["from"],
            "currency": "CNY",
            "timezone": tz,
            "prorate": version.get("prorate", False),
            "time_of_use": {"slots": slots},
            "components": [
                {"name": "tou", "kind": "energy", "micro_per_kwh": prices},
                {"name": "block", "kind": "blocks", "blocks": blocks},
                {
                    "name": "standing",
                    "kind": "standing",
                    "micro_per_day": version["standing_micro_per_day"],
                },
                {"name": "tax", "kind": "levy", "rate_ppm": version["tax_ppm"]},
            ],
        }
    )


Heard = tuple[MeterTerms, list[Reading]]
Count = Callable[[Agreement, Tariff, list[Heard]], Use]


def by_scalar(held: Agreement, tariff: Tariff, meters: list[Heard]) -> Use:
    use = Use()
    for meter, readings in meters:
        use.add(use_of_meter(agreement=held, tariff=tariff, meter=meter, readings=readings))
    return use


def by_night(held: Agreement, tariff: Tariff, meters: list[Heard]) -> Use:
    """As at night: by SQL, and by the scalar code what that finds odd; by stretch, not by day."""
    rows = [(place, *each) for place, (_, some) in enumerate(meters) for each in some]
    columns = [[row[number] for row in rows] for number in range(3)]
    readings = Readings(
        meters=[meter for meter, _ in meters],
        files={},
        waiting=pa.table(dict(zip(NUMBERED.names, columns, strict=True)), schema=NUMBERED),
        folder=LocalFolder(Path("/nonexistent")),
    )
    served = Served(agreement=held, tariff=tariff, meters=readings.meters)
    with TemporaryDirectory() as folder:
        (use,) = use_of_meters([served], readings, Path(folder)).uses
    return use


def use_of(scenario: Json, account: Json, tariff: Tariff, count: Count) -> Use:
    as_of_us = us(scenario["as_of"])
    closed = account.get("closed") and date.fromisoformat(account["closed"]) + DAY
    meters: list[Heard] = []
    for meter in account["meters"]:
        from_us = us(meter["from"]) if meter.get("from") else 0
        to_us = us(meter["to"]) if meter.get("to") else None
        installation = Installation(
            meter=meter["id"],
            account_id=OURS,
            from_us=from_us,
            to_us=to_us,
            opening_wh=meter.get("opening_wh") if from_us <= as_of_us else None,
            closing_wh=meter.get("closing_wh") if to_us and to_us <= as_of_us else None,
        )
        facts = MeterFacts(
            meter=meter["id"],
            modulus_wh=meter.get("modulus_wh"),
            resolution_wh=meter.get("resolution_wh", 0),
            max_w=meter.get("max_w"),
        )
        readings = [
            Reading(us(each["ts"]), each["register_wh"])
            for each in scenario["readings"]
            if each["meter"] == meter["id"] and us(each["ts"]) <= as_of_us
        ]
        meters.append((MeterTerms(facts=facts, installations=[installation]), readings))
    held = agreement(date.fromisoformat(account["opened"]), closed or None)
    return count(held, tariff, meters)


def own(scenario: Json, account: Json, count: Count) -> Iterator[tuple[str, int, int]]:
    """(month, Wh, micro-units) of each month that has anything."""
    tariff = Tariff(
        TariffBook([version_of(v, scenario["tz"]) for v in scenario["tariff"]["versions"]])
    )
    use, opened = use_of(scenario, account, tariff, count), date.fromisoformat(account["opened"])
    last = tariff.calendar.day_of(us(scenario["as_of"]))
    if account.get("closed"):
        last = min(last, date.fromisoformat(account["closed"]))
    served = Period(opened, last + DAY) if opened <= last else None
    firsts = {day.replace(day=1) for day, _ in use.wh}
    if served:
        firsts |= {(opened + n * DAY).replace(day=1) for n in range(served.days)}
    for first in sorted(firsts):
        period = period_of(first, cycle=tariff.book.cycle)
        result = charge(
            period=period,
            spans=spans_of(book=tariff.book, period=period, use_wh=use.wh),
            served=served,
            agreement=agreement(opened),
        )
        wh = sum(wh for (day, _), wh in use.wh.items() if day in period)
        yield f"{first:%Y-%m}", wh, result.total_micro


def check(scenario: Json, expected: Json, count: Count) -> None:
    for account in scenario["accounts"]:
        ours = {month: some for month, *some in own(scenario, account, count) if any(some)}
        theirs = {
            month: [each["wh"], each["charge_micro"]]
            for month, each in expected[account["id"]]["months"].items()
            if each["wh"] or each["charge_micro"]
        }
        assert ours == theirs, f"{account['id']} of {json.dumps(scenario)}"


@pytest.mark.parametrize("count", [by_scalar, by_night])
def test_every_scenario_of_the_oracle(
    oracle: ModuleType, scenarios: list[Path], count: Count
) -> None:
    for path in scenarios:
        scenario = json.loads(path.read_text())
        check(scenario, oracle.run(scenario), count)


def slot(name: str, begin: str, end: str, price: int, days: list[int] | None = None) -> Json:
    when = {} if days is None else {"days": days}
    return {"name": name, "from": begin, "to": end, "micro_per_kwh": price, **when}


TOU = (
    [slot("all", "00:00", "00:00", 520_000)],
    [slot("day", "06:00", "22:00", 568_301), slot("night", "22:00", "06:00", 288_299)],
    [
        slot("weekend", "00:00", "00:00", 100_001, [5, 6]),
        slot("a", "00:30", "01:15", 700_000),
        slot("b", "02:30", "23:45", -3),
        slot("c", "00:00", "00:00", 450_000),
    ],
)


@st.composite
def oracle_versions(draw: st.DrawFn, first_day: date) -> list[Json]:
    """Up to three, from days about the first."""
    days = draw(st.lists(st.integers(-2, 20), max_size=2))
    begins = {"1970-01-01"} | {(first_day + n * DAY).isoformat() for n in days}
    return [
        {
            "from": begin,
            "tou": draw(st.sampled_from(TOU)),
            "blocks": [
                {"upto_wh": 3_001, "adder_micro_per_kwh": draw(st.integers(-10, 10**6))},
                {"upto_wh": 30_000, "adder_micro_per_kwh": draw(st.integers(-10, 10**6))},
                {"upto_wh": None, "adder_micro_per_kwh": draw(st.integers(-10, 10**6))},
            ],
            "standing_micro_per_day": draw(st.integers(0, 10**6)),
            "tax_ppm": draw(st.sampled_from([0, 60_000, 130_001])),
            "prorate": draw(st.booleans()),
        }
        for begin in sorted(begins)
    ]


def scenario_of(case: MeterCase, versions: list[Json]) -> Json:
    (place,), facts, end = case.meter.installations, case.meter.facts, case.agreement.end_day
    meter: Json = {
        "id": "m",
        "from": instant_of(place.from_us).isoformat(),
        "resolution_wh": facts.resolution_wh,
        "modulus_wh": facts.modulus_wh,
        "opening_wh": place.opening_wh,
        "closing_wh": place.closing_wh,
    }
    if place.to_us is not None:
        meter["to"] = instant_of(place.to_us).isoformat()
    if facts.max_w is not None:
        meter["max_w"] = facts.max_w
    last_us = max(each.at_us for each in case.readings)
    return {
        "tz": case.zone,
        "as_of": instant_of(last_us).isoformat(),
        "tariff": {"versions": versions},
        "accounts": [
            {
                "id": "A",
                "opened": case.agreement.first_day.isoformat(),
                "closed": end and (end - DAY).isoformat(),
                "meters": [meter],
            }
        ],
        "readings": [
            {"meter": "m", "ts": instant_of(at_us).isoformat(), "register_wh": wh}
            for at_us, wh in case.readings
        ],
        "topups": [],
        "refunds": [],
    }


@pytest.mark.parametrize("count", [by_scalar, by_night])
@settings(
    deadline=None,
    max_examples=int(os.environ.get("PREWATT_ORACLE_SETS", "60")),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data(), case=meter_cases(plain=True))
def test_random_cases(
    oracle: ModuleType, data: st.DataObject, case: MeterCase, count: Count
) -> None:
    scenario = scenario_of(case, data.draw(oracle_versions(case.agreement.first_day)))
    check(scenario, oracle.run(scenario), count)
