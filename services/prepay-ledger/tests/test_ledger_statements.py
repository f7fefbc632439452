"""What a statement says: by a table, and for any money."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.paper.values import Language
from prepay_ledger.statements.rules import amounts_of
from prepay_ledger.statements.slip import statement_slip
from prepay_ledger.statements.values import Amounts, Before, Ground, PeriodKey, Statement
from prewatt_common.ids import new_id

GROUND = Ground(
    number="100001",
    currency="CNY",
    balance_micro=-100,
    period_end=date(2026, 4, 1),
    energy_wh=1_500,
    charged={"revenue:energy": 90, "tax": 10},
    posted_micro=100,
    later_micro=0,
    paid_micro=0,
    late_micro=0,
    due_days=14,
    before=Before(owed_micro=0, posted_micro=0, paid_micro=0, late_micro=0),
)


@pytest.mark.parametrize(
    ("changed", "paid", "given_", "owed"),
    [
        ({}, 0, 0, 100),
        ({"balance_micro": -60, "paid_micro": 40}, 40, 0, 60),
        ({"balance_micro": -60}, 0, 40, 60),
        ({"balance_micro": -130, "later_micro": 30}, 0, 0, 100),
        ({"balance_micro": 50, "paid_micro": 150}, 150, 0, -50),
    ],
)
def test_of_the_first_period(changed: dict[str, int], paid: int, given_: int, owed: int) -> None:
    assert amounts_of(replace(GROUND, **changed)) == Amounts(  # type: ignore[arg-type]
        brought_micro=0,
        charged_micro=100,
        corrected_micro=0,
        paid_micro=paid,
        given_micro=given_,
        late_micro=0,
        owed_micro=owed,
    )


def test_what_came_since_the_one_before_is_told_apart() -> None:
    ground = replace(
        GROUND,
        balance_micro=-175,
        posted_micro=195,
        paid_micro=30,
        late_micro=9,
        before=Before(owed_micro=80, posted_micro=90, paid_micro=10, late_micro=2),
    )
    assert amounts_of(ground) == Amounts(
        brought_micro=80,
        charged_micro=100,
        corrected_micro=5,
        paid_micro=20,
        given_micro=-3,
        late_micro=7,
        owed_micro=175,
    )


@given(
    moves=st.lists(
        st.tuples(
            st.integers(-500, 1_000), st.integers(-200, 200), st.integers(0, 900),
            st.integers(-300, 300), st.integers(-50, 50),
        ),
        min_size=1, max_size=8,
    ),
    came_with=st.integers(-1_000, 1_000),
)  # fmt: skip
def test_each_begins_where_the_one_before_ended_and_all_lead_to_the_balance(
    moves: list[tuple[int, int, int, int, int]], came_with: int
) -> None:
    """``moves``: of each period its charge, a correction of those before, payments, the rest, and
    late charges."""
    before = Before(owed_micro=came_with, posted_micro=0, paid_micro=0, late_micro=0)
    balance = -came_with
    for number, (charge, correction, paid, rest, late) in enumerate(moves):
        corrected = correction if number else 0
        balance += paid + rest - charge - corrected - late
        ground = replace(
            GROUND,
            charged={"revenue:energy": charge},
            balance_micro=balance,
            posted_micro=before.posted_micro + charge + corrected,
            paid_micro=before.paid_micro + paid,
            late_micro=before.late_micro + late,
            before=before,
        )
        found = amounts_of(ground)
        assert (found.brought_micro, found.charged_micro, found.corrected_micro) == (
            before.owed_micro, charge, corrected,
        )  # fmt: skip
        assert (found.paid_micro, found.given_micro, found.owed_micro) == (paid, rest, -balance)
        assert found.late_micro == late
        before = Before(
            owed_micro=found.owed_micro,
            posted_micro=ground.posted_micro,
            paid_micro=ground.paid_micro,
            late_micro=ground.late_micro,
        )


@pytest.mark.parametrize(("balance", "says"), [(-100, "To pay"), (40, "Your credit")])
def test_on_paper_it_says_what_is_to_be_paid_and_by_when(balance: int, says: str) -> None:
    ground = replace(GROUND, balance_micro=balance)
    statement = Statement(
        id=new_id(),
        number=7,
        key=PeriodKey(new_id(), new_id(), date(2026, 3, 1)),
        account_number=ground.number,
        currency="CNY",
        period_end=ground.period_end,
        energy_wh=1_500,
        charged=ground.charged,
        amounts=amounts_of(ground),
        posted_total_micro=100,
        paid_total_micro=0,
        late_total_micro=0,
        due_on=date(2026, 4, 15),
        issued_at=datetime(2026, 4, 4, tzinfo=UTC),
    )
    slip = statement_slip(statement, issuer="Prewatt", language=Language.ENGLISH)
    said = {line.name: line.value for block in slip.blocks for line in block.lines}
    assert (said["Number"], said["Period"]) == ("7", "2026-03-01 - 2026-03-31")
    assert (said["Energy"], said["tax"]) == ("1.500 kWh", "0.00001 CNY")
    assert says in said
    assert ("To be paid by" in said) is (balance < 0)
