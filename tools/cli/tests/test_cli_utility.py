"""The demo's tariffs: each is a document, and costs what it says."""

from datetime import date

import pytest

from prewatt_cli.utility import BLOCK_TARIFF, FLAT_TARIFF, TARIFFS, TIME_OF_USE_TARIFF
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.tariffs.periods import Period

MAY = Period(date(2026, 5, 1), date(2026, 6, 1))
STANDING_MICRO = 31 * 100_000


def test_each_has_a_code_of_its_own():
    assert len({tariff_of(each).code for each in TARIFFS}) == len(TARIFFS)


@pytest.mark.parametrize(
    ("document", "use_wh", "energy_micro"),
    [
        (FLAT_TARIFF, {"all": 100_000}, 52_000_000),
        (BLOCK_TARIFF, {"all": 500_000}, 117_192_000 + 86_128_000 + 78_830_000),
        (
            TIME_OF_USE_TARIFF,
            {"peak": 60_000, "flat": 30_000, "valley": 10_000},
            34_080_000 + 14_640_000 + 2_880_000,
        ),
    ],
)
def test_a_month_costs_its_energy_its_days_and_the_tax_on_both(document, use_wh, energy_micro):
    version = tariff_of(document)
    use = {(MAY.first, name): wh for name, wh in use_wh.items()}
    parts = parts_of_use(book=TariffBook([version]), period=MAY, use_wh=use, served=MAY)
    net_micro = energy_micro + STANDING_MICRO
    tax_micro = net_micro * 6 // 100
    assert charge(period=MAY, parts=parts).total_micro == net_micro + tax_micro
