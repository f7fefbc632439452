"""``prewatt scenario`` is the oracle's answer: on its own files and on random cases.

`PREWATT_ORACLE_EXAMPLES` says how many random cases.
"""

import copy
import json
import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from prewatt_cli.__main__ import app
from prewatt_cli.scenario.command import differences
from prewatt_cli.scenario.form import parse_scenario
from prewatt_cli.scenario.run import run_scenario

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("PREWATT_ORACLE_EXAMPLES", "150"))
ZONES = (
    "UTC", "Asia/Shanghai", "Asia/Kathmandu", "Europe/Berlin", "Africa/Cairo", "America/Havana",
    "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago",
)  # fmt: skip
# Around these days clocks change in one of the zones, or a month or a year turns.
DAYS = (date(2026, 3, 27), date(2026, 10, 22), date(2026, 4, 22), date(2025, 12, 27))


def answer(case: Json) -> Json:
    return run_scenario(parse_scenario(json.dumps(case)))


def check(case: Json, expected: Json) -> None:
    found = list(differences(answer(case), expected))
    assert not found, found[:5]


def test_every_file_beside_the_checkout(scenarios: list[Path]) -> None:
    for path in scenarios:
        case = json.loads(path.read_text())
        check(case, case["expected"])


def test_order_and_repetition_change_nothing(scenarios: list[Path]) -> None:
    rng = random.Random(7)
    for path in scenarios:
        case = json.loads(path.read_text())
        for name in ("readings", "topups", "refunds"):
            case[name] += rng.sample(case[name], k=min(3, len(case[name])))
            rng.shuffle(case[name])
        expected = copy.deepcopy(case["expected"])
        ours = answer(case)
        for account in (*expected.values(), *ours.values()):
            account["flags"].pop("duplicate", None)  # they are counted, and now there are more
        assert ours == expected, path.name


@st.composite
def versions(draw: st.DrawFn, begin: date) -> list[Json]:
    days = [None, *draw(st.lists(st.integers(-3, 40), max_size=2, unique=True))]
    return [
        {
            "from": "1970-01-01" if day is None else (begin + timedelta(days=day)).isoformat(),
            "tou": draw(st.sampled_from(TOU)),
            "blocks": draw(st.sampled_from(BLOCKS)),
            "standing_micro_per_day": draw(st.integers(0, 10**6)),
            "tax_ppm": draw(st.integers(0, 200_000)),
            "prorate": draw(st.booleans()),
        }
        for day in days
    ]


TOU = (
    [{"name": "all", "from": "00:00", "to": "00:00", "micro_per_kwh": 568_300}],
    [
        {"name": "peak", "from": "08:00", "to": "22:00", "micro_per_kwh": 617_000},
        {"name": "valley", "from": "22:00", "to": "08:00", "micro_per_kwh": 307_000},
    ],
    [
        {"name": "free", "from": "00:15", "to": "03:45", "days": [5, 6], "micro_per_kwh": 0},
        {"name": "rest", "from": "12:00", "to": "12:00", "micro_per_kwh": 999_999},
    ],
)
BLOCKS = (
    [{"upto_wh": None, "adder_micro_per_kwh": 0}],
    [
        {"upto_wh": 20_000, "adder_micro_per_kwh": -1},
        {"upto_wh": 60_001, "adder_micro_per_kwh": 50_001},
        {"upto_wh": None, "adder_micro_per_kwh": 300_000},
    ],
)


@st.composite
def cases(draw: st.DrawFn) -> Json:
    begin = draw(st.sampled_from(DAYS))
    first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    readings: list[Json] = []
    accounts: list[Json] = []
    for number in range(draw(st.integers(1, 2))):
        meters: list[Json] = []
        for place in range(draw(st.integers(0, 2))):
            meter = f"m{number}{place}"
            meters.append(
                {
                    "id": meter,
                    "max_w": draw(st.sampled_from([5_000, 69_000])),
                    "modulus_wh": draw(st.sampled_from([None, 100_000, 10**8])),
                    "resolution_wh": draw(st.sampled_from([0, 100])),
                }
            )
            hours, register = 0, draw(st.integers(0, 99_999))
            for _ in range(draw(st.integers(0, 8))):
                hours += draw(st.sampled_from([1, 6, 24, 24 * 9]))
                register += draw(st.integers(0, 30_000))
                shown = draw(st.sampled_from([register] * 5 + [register % 100_000, 0, 10**9, -1]))
                at = (first + timedelta(hours=hours)).isoformat()
                readings.append({"meter": meter, "ts": at, "register_wh": shown})
        closed = draw(st.none() | st.integers(0, 40))
        accounts.append(
            {
                "id": f"a{number}",
                "opened": (begin + timedelta(days=draw(st.integers(-2, 3)))).isoformat(),
                "closed": None
                if closed is None
                else (begin + timedelta(days=3 + closed)).isoformat(),
                "meters": meters,
            }
        )
    return {
        "tz": draw(st.sampled_from(ZONES)),
        "as_of": (first + timedelta(hours=draw(st.integers(1, 2_000)))).isoformat(),
        "emergency_micro": draw(st.sampled_from([0, 5_000_000])),
        "tariff": {"versions": draw(versions(begin))},
        "accounts": accounts,
        "readings": draw(st.permutations(readings)),
        "topups": draw(st.lists(money(first), max_size=4)),
        "refunds": draw(
            st.lists(
                st.builds(
                    lambda event, topup: {**event, "topup": topup},
                    money(first),
                    st.sampled_from("xyz"),
                ),
                max_size=4,
            )
        ),
    }


def money(first: datetime) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda name, account, amount, hours: {
            "id": name,
            "account": account,
            "amount_micro": amount,
            "ts": (first + timedelta(hours=hours)).isoformat(),
        },
        st.sampled_from("xyz"),
        st.sampled_from(["a0", "a1"]),
        st.sampled_from([1, 5_000_000, 20_000_000]),
        st.sampled_from([0, 100, 3_000]),
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cases())
def test_random_cases(oracle: ModuleType, case: Json) -> None:
    check(case, oracle.run(case))


CASE: Json = {
    "tz": "UTC",
    "as_of": "2026-06-01T00:00:00Z",
    "tariff": {
        "versions": [
            {
                "from": "1970-01-01",
                "tou": TOU[0],
                "blocks": BLOCKS[0],
                "standing_micro_per_day": 0,
                "tax_ppm": 0,
            }
        ]
    },
    "accounts": [{"id": "A", "opened": "2026-05-31", "meters": [{"id": "m"}]}],
    "readings": [
        {"meter": "m", "ts": "2026-05-31T00:00:00Z", "register_wh": 0},
        {"meter": "m", "ts": "2026-05-31T12:00:00Z", "register_wh": 1_000},
    ],
}


def prewatt(tmp_path: Path, text: str) -> tuple[int, str, str]:
    path = tmp_path / "case.json"
    path.write_text(text)
    result = CliRunner().invoke(app, ["scenario", str(path)])
    return result.exit_code, result.stdout, result.stderr


def test_it_prints_one_json_object(tmp_path: Path) -> None:
    code, out, _ = prewatt(tmp_path, json.dumps(CASE))
    assert code == 0
    assert json.loads(out)["A"]["charges_micro"] == 568_300


def test_it_says_what_differs(tmp_path: Path) -> None:
    expected = answer(CASE)
    assert prewatt(tmp_path, json.dumps({**CASE, "expected": expected}))[0] == 0
    expected["A"]["balance_micro"] += 1
    code, out, _ = prewatt(tmp_path, json.dumps({**CASE, "expected": expected}))
    assert code == 1
    assert "/A/balance_micro: -568300, expected -568299" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "file: Invalid JSON"),
        (json.dumps({**CASE, "tz": "Mars/Base"}), "no timezone"),
        (json.dumps({**CASE, "as_of": "2026-06-01T00:00:00"}), "as_of"),
        (json.dumps({**CASE, "accounts": [{"id": "A"}]}), "accounts/0/opened"),
        (json.dumps(CASE).replace('"register_wh": 0', '"register_wh": 0.5'), "readings/0"),
        (json.dumps(CASE).replace('"00:00"', '"25:00"'), "begin"),
        (json.dumps(CASE).replace("1970-01-01", "2026-06-01"), "no version on 2026-05-31"),
    ],
)
def test_what_is_no_scenario_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    code, out, error = prewatt(tmp_path, text)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1
