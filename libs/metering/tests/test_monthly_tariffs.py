import pytest

from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import (
    Block,
    InvalidTariff,
    NoTariff,
    Tariff,
    TariffVersion,
    version_for,
)


def version(month: str) -> TariffVersion:
    return TariffVersion(
        code="home",
        effective_from=BillingMonth.parse(month),
        currency="CNY",
        timezone="Asia/Shanghai",
        tariff=Tariff(
            blocks=(Block(upto_wh=None, price_micro_per_kwh=1),),
            standing_micro_per_day=0,
            tax_bp=0,
        ),
    )


@pytest.mark.parametrize(
    ("blocks", "standing", "tax", "says"),
    [
        ([], 0, 0, "last block must have no end"),
        ([(1000, 5)], 0, 0, "last block must have no end"),
        ([(None, 5), (None, 6)], 0, 0, "block 1: only the last"),
        ([(1000, 5), (1000, 6), (None, 7)], 0, 0, "block 2: upto_wh 1000 must be above 1000"),
        ([(0, 5), (None, 7)], 0, 0, "block 1: upto_wh 0 must be above 0"),
        ([(None, -1)], 0, 0, "price -1 is negative"),
        ([(None, 1)], -1, 0, "standing charge -1"),
        ([(None, 1)], 0, -1, "tax_bp -1"),
        ([(None, 1)], 0, 10_001, "tax_bp 10001"),
    ],
)
def test_a_tariff_that_contradicts_itself_is_refused(
    blocks: list[tuple[int | None, int]], standing: int, tax: int, says: str
) -> None:
    with pytest.raises(InvalidTariff, match=says):
        Tariff(
            blocks=tuple(Block(upto_wh=u, price_micro_per_kwh=p) for u, p in blocks),
            standing_micro_per_day=standing,
            tax_bp=tax,
        )


@pytest.mark.parametrize(
    ("month", "chosen"),
    [
        ("2026-01", "2026-01"),
        ("2026-06", "2026-01"),
        ("2026-07", "2026-07"),
        ("2030-01", "2026-07"),
    ],
)
def test_the_latest_version_not_after_the_month_holds(month: str, chosen: str) -> None:
    versions = [version("2026-07"), version("2026-01")]
    found = version_for(versions=versions, month=BillingMonth.parse(month))
    assert str(found.effective_from) == chosen


def test_a_month_before_every_version_has_no_tariff() -> None:
    with pytest.raises(NoTariff, match="2025-12; known: home from 2026-01"):
        version_for(versions=[version("2026-01")], month=BillingMonth(2025, 12))
    with pytest.raises(NoTariff, match="none at all"):
        version_for(versions=[], month=BillingMonth(2025, 12))
