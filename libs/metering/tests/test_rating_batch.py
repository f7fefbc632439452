"""Rating by numpy, and what an amount buys: both held to the one scalar rater."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_texts import LADDER_AND_TIME, version

from prewatt_metering.rating.batch import TooLarge, batchable, charge_batch
from prewatt_metering.rating.charge import PartUse, charge
from prewatt_metering.rating.inverse import WH_MAX, wh_bought
from prewatt_metering.tariffs.document import TariffVersion, parse_tariff
from prewatt_metering.tariffs.periods import Period

MAY = Period(date(2026, 5, 1), date(2026, 6, 1))
HOUSEHOLD = parse_tariff(LADDER_AND_TIME)

_price = st.integers(-(10**6), 10**7)


@st.composite
def tariffs(draw: st.DrawFn) -> TariffVersion:
    """Any that the batch rater takes."""
    ends = sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))
    components: list[dict[str, object]] = [
        {
            "name": "energy",
            "kind": "energy",
            "micro_per_kwh": {
                name: draw(_price) for name in draw(st.sampled_from([["peak"], ["valley", "peak"]]))
            },
        },
        {
            "name": "ladder",
            "kind": "blocks",
            "of": draw(st.sampled_from([None, ["peak"], ["valley", "peak"]])),
            "blocks": [{"upto_wh": end, "micro_per_kwh": draw(_price)} for end in [*ends, None]],
        },
        {"name": "day", "kind": "standing", "micro_per_day": draw(st.integers(0, 10**7))},
        {"name": "rent", "kind": "fixed", "micro_per_period": draw(st.integers(0, 10**8))},
        {
            "name": "levy",
            "kind": "levy",
            "rate_ppm": draw(st.integers(0, 10**6)),
            "on": draw(st.sampled_from([None, ["energy"], ["ladder", "day"]])),
        },
        {"name": "vat", "kind": "levy", "rate_ppm": draw(st.integers(0, 10**6))},
    ]
    return TariffVersion.model_validate(
        {**HOUSEHOLD.model_dump(mode="python", exclude={"components"}), "components": components}
    )


@given(
    tariffs(),
    st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 31)),
        min_size=1,
        max_size=8,
    ),
)
def test_a_batch_is_rated_as_each_alone(
    tariff: TariffVersion, accounts: list[tuple[int, int, int]]
) -> None:
    names = tariff.slot_names
    batch = charge_batch(
        version=tariff,
        period=MAY,
        energy_wh=np.array([row[:2] for row in accounts], np.int64),
        days=np.array([row[2] for row in accounts], np.int64),
    )
    for place, (first, second, days) in enumerate(accounts):
        energy = {names[0]: first, names[1]: second}
        alone = charge(
            period=MAY, parts=[PartUse(version=tariff, span=MAY, energy_wh=energy, days=days)]
        )
        lines = {
            (line.kind, line.component, line.detail): (line.quantity, line.amount_micro)
            for line in alone.lines
        }
        for column, key in enumerate(batch.columns):
            found = (int(batch.quantity[place, column]), int(batch.amount_micro[place, column]))
            assert found == lines.get(key, (0, 0)), key
        assert set(lines) <= set(batch.columns)
        assert int(batch.total_micro[place]) == alone.total_micro


def test_what_would_leave_64_bits_is_said_and_not_wrapped() -> None:
    with pytest.raises(TooLarge):
        charge_batch(
            version=HOUSEHOLD,
            period=MAY,
            energy_wh=np.array([[2**60, 0]], np.int64),
            days=np.array([1], np.int64),
        )


@pytest.mark.parametrize(
    "changes",
    [{"prorate": "true"}, {"losses": "{share_ppm: 1}"}, {"allowance": "{wh_per_period: 1}"}],
)
def test_what_is_not_ordinary_is_rated_alone(changes: dict[str, object]) -> None:
    flat = "  - {name: energy, kind: energy, micro_per_kwh: {all: 1}}\n"
    assert batchable(version(flat))
    assert not batchable(version(flat, **changes))


def _use(peak_wh: int, days: int = 10) -> list[PartUse]:
    return [PartUse(version=HOUSEHOLD, span=MAY, energy_wh={"peak": peak_wh}, days=days)]


@given(st.integers(0, 10**6), st.integers(0, 10**10), st.sampled_from(["peak", "valley"]))
def test_what_is_bought_costs_at_most_the_amount_and_one_more_would_not(
    used: int, amount: int, name: str
) -> None:
    bought = wh_bought(amount_micro=amount, slot_name=name, period=MAY, parts=_use(used))

    def cost(wh: int) -> int:
        energy = {"peak": used}
        energy[name] = energy.get(name, 0) + wh
        part = PartUse(version=HOUSEHOLD, span=MAY, energy_wh=energy, days=10)
        return charge(period=MAY, parts=[part]).total_micro

    assert cost(bought) - cost(0) <= amount < cost(bought + 1) - cost(0)


def test_a_price_of_nothing_buys_the_most_there_is() -> None:
    free = version("  - {name: energy, kind: energy, micro_per_kwh: {all: 0}}\n")
    part = PartUse(version=free, span=MAY, energy_wh={}, days=1)
    assert wh_bought(amount_micro=0, slot_name="all", period=MAY, parts=[part]) == WH_MAX


@pytest.mark.parametrize(("amount", "name"), [(-1, "peak"), (1, "noon")])
def test_what_makes_no_sense_buys_nothing(amount: int, name: str) -> None:
    with pytest.raises(ValueError, match=r"buy nothing|no slot"):
        wh_bought(amount_micro=amount, slot_name=name, period=MAY, parts=_use(0))
