"""Published tariffs with worked bills: printed by the source, or computed from its prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from prewatt_metering.rating.charge import Charge, PartUse, charge, parts_of_use
from prewatt_metering.rating.inverse import wh_bought
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import parse_tariff
from prewatt_metering.tariffs.periods import Period, period_of

EXAMPLES = Path(__file__).parent.parent / "examples"
Bill = dict[str, Any]


@dataclass(frozen=True)
class Example:
    folder: str
    bill: Bill

    @property
    def book(self) -> TariffBook:
        versions = (EXAMPLES / self.folder).glob("2*.yaml")
        return TariffBook(parse_tariff(path.read_text(encoding="utf-8")) for path in versions)


def _examples() -> list[Example]:
    return [
        Example(path.parent.name, bill)
        for path in sorted(EXAMPLES.glob("*/bills.yaml"))
        for bill in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _wh(kwh: float | int) -> int:
    return int(Decimal(str(kwh)) * 1000)


def _use(bill: Bill, period: Period) -> dict[tuple[date, str], int]:
    if "use" in bill:
        return {(each["day"], each["name"]): _wh(each["kwh"]) for each in bill["use"]}
    last = period.end - timedelta(days=1)
    return {(last, name): _wh(kwh) for name, kwh in bill.get("kwh", {}).items()}


def _parts(example: Example, month: str) -> tuple[Period, list[PartUse]]:
    book = example.book
    period = period_of(date.fromisoformat(f"{month}-01"), cycle=book.cycle)
    use = _use(example.bill, period)
    return period, parts_of_use(book=book, period=period, use_wh=use, served=period)


def _charge(example: Example, month: str) -> Charge:
    period, parts = _parts(example, month)
    before: Mapping[str, int] = example.bill.get("year_before_kwh", {})
    return charge(
        period=period,
        parts=parts,
        closed=True,
        year_before_wh={name: _wh(kwh) for name, kwh in before.items()},
        enterprise=Enterprise(**example.bill.get("enterprise", {})),
    )


@pytest.mark.parametrize(
    "example", _examples(), ids=lambda each: f"{each.folder}-{each.bill['figure']}"
)
def test_bill(example: Example) -> None:
    bill = example.bill
    within = bill.get("within_micro", 0)
    if "buys_kwh" in bill:
        period, parts = _parts(example, bill["month"])
        fixed_micro = _charge(example, bill["month"]).total_micro
        bought = wh_bought(
            amount_micro=bill["amount_micro"] - fixed_micro,
            slot_name="all",
            period=period,
            parts=parts,
        )
        assert abs(bought - _wh(bill["buys_kwh"])) <= bill["within_wh"]
        return
    result = _charge(example, bill["month"])
    if "lines_micro" in bill:
        lines = {line.component: line.amount_micro for line in result.lines}
        assert lines.keys() == bill["lines_micro"].keys()
        for name, amount in bill["lines_micro"].items():
            assert abs(lines[name] - amount) <= within, name
        return
    total = result.total_micro
    if "less_month" in bill:
        total -= _charge(example, bill["less_month"]).total_micro
    assert abs(total - bill["total_micro"]) <= within


def test_there_are_ten_tariffs_and_each_names_its_source() -> None:
    folders = [path for path in EXAMPLES.iterdir() if path.is_dir()]
    assert len(folders) >= 10
    for folder in folders:
        assert (folder / "bills.yaml").exists(), folder
        for path in folder.glob("2*.yaml"):
            assert parse_tariff(path.read_text(encoding="utf-8")).source is not None, path
