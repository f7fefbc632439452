"""``prewatt tariff``: what a person types and reads."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prewatt_cli.__main__ import app

TEXT = """
code: home
valid_from: 2026-01-01
currency: CNY
timezone: Asia/Shanghai
time_of_use:
  slots:
    - {name: peak, begin: "08:00", end: "22:00"}
    - {name: valley}
components:
  - {name: energy, kind: energy, micro_per_kwh: {peak: 568300, valley: 288300}}
  - name: ladder
    kind: blocks
    blocks:
      - {upto_wh: 230000, micro_per_kwh: 0}
      - {upto_wh: null, micro_per_kwh: 50000}
  - {name: meter, kind: standing, micro_per_day: 100000}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "home.yaml"
    path.write_text(TEXT)
    return path


def prewatt(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["tariff", *map(str, arguments)], env={"COLUMNS": "120"})


def test_a_good_document_is_named(document: Path) -> None:
    result = prewatt("check", document)
    assert result.exit_code == 0
    assert "home from 2026-01-01, CNY, 3 components, time of use: peak, valley" in result.output


def test_the_schema_is_json() -> None:
    assert json.loads(prewatt("schema").output)["$id"] == "urn:prewatt:tariff:1"


def test_a_bill_has_its_lines(document: Path) -> None:
    result = prewatt(
        "rate", document, "--month", "2026-05", "--kwh", "peak=200.5", "--kwh", "valley=100"
    )
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "energy, peak 200.500 kWh 0.5683 113.94415" in lines
    assert "ladder, up to 230 kWh 230.000 kWh 0.00 0.00000" in lines
    assert "ladder, above 70.500 kWh 0.05 3.52500" in lines
    assert "meter 31 days 0.10 3.10000" in lines
    assert "total CNY 149.39915" in lines


def test_versions_are_rated_in_parts(document: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text(TEXT.replace("2026-01-01", "2026-05-20"))
    usage = tmp_path / "usage.csv"
    usage.write_text("day,name,wh\n2026-05-19,peak,10000\n2026-05-20,peak,20000\n")
    result = prewatt("rate", document, later, "--month", "2026-05", "--usage", usage)
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "from 2026-05-20" in lines
    assert "energy, peak 20.000 kWh 0.5683 11.366" in lines


def test_tariffs_are_compared_cheapest_first(document: Path, tmp_path: Path) -> None:
    dear = tmp_path / "dear.yaml"
    dear.write_text(TEXT.replace("100000}", "200000}"))
    result = prewatt("compare", dear, document, "--month", "2026-05", "--kwh", "peak=1")
    assert result.exit_code == 0
    rows = result.output.splitlines()[1:3]
    assert "home.yaml" in rows[0]
    assert rows[1].split()[-1] == "3.1000"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--month", "2026-13"], "a month is written like 2026-05"),
        (["--month", "2025-05"], "no version on 2025-05-31"),
        (["--month", "2026-05", "--kwh", "3"], "say of which name"),
        (["--month", "2026-05", "--kwh", "noon=3"], "no name noon"),
        (["--month", "2026-05", "--kwh", "peak=x"], "no number of kWh"),
        (["--month", "2026-05", "--kwh", "peak=-1"], "not below zero"),
        (["--month", "2026-05", "--kwh", "peak=nan"], "no number of kWh"),
        (["--month", "2026-05", "--kwh", "peak=1.0001"], "at most three decimals"),
        (["--month", "2026-05", "--days", "32"], "the period has 31 days"),
    ],
)
def test_what_cannot_be_rated_is_one_line(document: Path, arguments: list[str], said: str) -> None:
    result = prewatt("rate", document, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_document_at_fault_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(TEXT.replace("568300", "0.5683"))
    result = prewatt("check", path)
    assert result.exit_code == 2
    assert "bad.yaml: components/0/energy/micro_per_kwh/peak" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_usage_file_at_fault_names_the_line(document: Path, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text("day,name,wh\n2026-05-19,peak,1.5\n")
    result = prewatt("rate", document, "--month", "2026-05", "--usage", usage)
    assert result.exit_code == 2
    assert "line 2" in result.stderr
