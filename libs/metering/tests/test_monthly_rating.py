from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.monthly.rating import Charge, rate
from prewatt_metering.monthly.tariffs import Block, Tariff


def tariff(*blocks: tuple[int | None, int], standing: int = 0, tax_bp: int = 0) -> Tariff:
    return Tariff(
        blocks=tuple(Block(upto_wh=u, price_micro_per_kwh=p) for u, p in blocks),
        standing_micro_per_day=standing,
        tax_bp=tax_bp,
    )


LADDER = tariff((200_000, 500_000), (400_000, 550_000), (None, 800_000))


@pytest.mark.parametrize(
    ("energy_wh", "energy_micro"),
    [
        (0, 0),
        (1, 500),
        (199_999, 99_999_500),
        (200_000, 100_000_000),  # the block's end is still in the block
        (200_001, 100_000_550),
        (400_000, 210_000_000),
        (400_001, 210_000_800),
        (1_000_000, 690_000_000),
    ],
)
def test_blocks_price_the_months_energy(energy_wh: int, energy_micro: int) -> None:
    assert rate(tariff=LADDER, energy_wh=energy_wh, days=0).energy_micro == energy_micro


@pytest.mark.parametrize(
    ("energy_wh", "price", "energy_micro"),
    [(1, 499, 0), (1, 500, 1), (1, 501, 1), (1, 1_499, 1), (1, 1_500, 2), (3, 500, 2), (3, 1, 0)],
)
def test_energy_is_rounded_half_up_once(energy_wh: int, price: int, energy_micro: int) -> None:
    charge = rate(tariff=tariff((None, price)), energy_wh=energy_wh, days=0)
    assert charge.energy_micro == energy_micro


def test_blocks_are_rounded_together_not_each() -> None:
    halves = tariff((1, 500), (2, 500), (None, 500))
    assert rate(tariff=halves, energy_wh=3, days=0).energy_micro == 2


@pytest.mark.parametrize(
    ("standing", "days", "tax_bp", "tax_micro"),
    [(1, 1, 4_999, 0), (1, 1, 5_000, 1), (1, 3, 5_000, 2), (100_000, 30, 1_300, 390_000)],
)
def test_tax_is_rounded_half_up_on_energy_and_standing(
    standing: int, days: int, tax_bp: int, tax_micro: int
) -> None:
    charge = rate(
        tariff=tariff((None, 0), standing=standing, tax_bp=tax_bp), energy_wh=0, days=days
    )
    assert charge.standing_micro == standing * days
    assert charge.tax_micro == tax_micro
    assert charge.total_micro == standing * days + tax_micro


def test_charges_add_and_subtract_by_component() -> None:
    a = Charge(energy_micro=5, standing_micro=3, tax_micro=2)
    b = Charge(energy_micro=1, standing_micro=1, tax_micro=1)
    assert (a + b) - b == a
    assert (a - a) == Charge.ZERO
    assert (b - a).total_micro == -7


@pytest.mark.parametrize(("energy_wh", "days"), [(-1, 0), (0, -1)])
def test_negative_quantities_are_refused(energy_wh: int, days: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        rate(tariff=LADDER, energy_wh=energy_wh, days=days)


@given(
    energy_wh=st.integers(0, 10**13),
    days=st.integers(0, 31),
    ends=st.lists(st.integers(1, 10**9), max_size=5, unique=True),
    prices=st.lists(st.integers(0, 10**9), min_size=6, max_size=6),
    tax_bp=st.integers(0, 10_000),
)
def test_rating_is_exact_but_for_one_rounding(
    energy_wh: int, days: int, ends: list[int], prices: list[int], tax_bp: int
) -> None:
    edges: list[int | None] = [*sorted(ends), None]
    blocks = list(zip(edges, prices, strict=False))
    charge = rate(
        tariff=tariff(*blocks, standing=123_457, tax_bp=tax_bp), energy_wh=energy_wh, days=days
    )
    exact = Fraction(0)
    below = 0
    for upto, price in blocks:
        top = energy_wh if upto is None else min(energy_wh, upto)
        exact += Fraction(max(0, top - below) * price, 1_000)
        below = max(below, top)
    assert -Fraction(1, 2) < charge.energy_micro - exact <= Fraction(1, 2)
    taxed = Fraction((charge.energy_micro + charge.standing_micro) * tax_bp, 10_000)
    assert -Fraction(1, 2) < charge.tax_micro - taxed <= Fraction(1, 2)
