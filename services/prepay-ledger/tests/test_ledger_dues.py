"""What a post-paid account has to pay, and what is overdue: by a table, and for any money."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.dues.rules import dues_of
from prepay_ledger.dues.values import Dues, Period, PostPaid
from prewatt_common.ids import new_id

SINCE = date(2026, 1, 1)
DAY = timedelta(days=1)
AGREEMENT = new_id()


def account(
    balance_micro: int, *charged: int, limit_micro: int = 0, late_micro: int = 0
) -> PostPaid:
    """Periods of thirty days from `SINCE` on, each due ten days after its end."""
    return PostPaid(
        account_id=new_id(),
        number="1",
        currency="CNY",
        balance_micro=balance_micro,
        limit_micro=limit_micro,
        late_micro=late_micro,
        since=SINCE,
        due_days=10,
        periods=[
            Period(AGREEMENT, SINCE + 30 * n * DAY, SINCE + 30 * (n + 1) * DAY, micro)
            for n, micro in enumerate(charged)
        ],
    )


def brief(found: Dues) -> tuple[list[int], int, int, int, int]:
    return (
        [each.unpaid_micro for each in found.dues],
        found.before_micro,
        found.unpaid_micro,
        found.arrears_micro,
        found.going_on_micro,
    )


@pytest.mark.parametrize(
    ("of", "days", "is_so"),
    [
        (account(-100, 100), 29, ([], 0, 0, 0, 100)),
        (account(-100, 100), 30, ([100], 0, 100, 0, 0)),
        (account(-100, 100), 40, ([100], 0, 100, 0, 0)),
        (account(-100, 100), 41, ([100], 0, 100, 100, 0)),
        (account(-150, 100, 50), 41, ([100], 0, 100, 100, 50)),
        (account(-150, 100, 50), 61, ([100, 50], 0, 150, 100, 0)),
        (account(-60, 100, 50), 61, ([10, 50], 0, 60, 10, 0)),
        (account(-40, 100, 50), 61, ([0, 40], 0, 40, 0, 0)),
        (account(20, 100, 50), 61, ([0, 0], 0, 0, 0, 0)),
        (account(-180, 100, 50), 1, ([], 30, 30, 30, 150)),
    ],
)
def test_what_is_oldest_is_paid_first(of: PostPaid, days: int, is_so: object) -> None:
    assert brief(dues_of(of, today=SINCE + days * DAY)) == is_so


@pytest.mark.parametrize(
    ("of", "days", "aged"),
    [
        (account(-100, 100), 40, (0, 0, 0, 0)),
        (account(-100, 100), 41, (100, 0, 0, 0)),
        (account(-100, 100), 70, (100, 0, 0, 0)),
        (account(-100, 100), 71, (0, 100, 0, 0)),
        (account(-100, 100), 100, (0, 100, 0, 0)),
        (account(-100, 100), 101, (0, 0, 100, 0)),
        (account(-100, 100), 131, (0, 0, 0, 100)),
        (account(-150, 100, 50), 71, (50, 100, 0, 0)),
        (account(-60, 100, 50), 71, (50, 10, 0, 0)),
        # A period that gives back has paid what is oldest.
        (account(-70, 100, -30), 71, (0, 70, 0, 0)),
        (account(-130, 100), 41, (100, 30, 0, 0)),
    ],
)
def test_arrears_are_told_by_their_age(of: PostPaid, days: int, aged: tuple[int, ...]) -> None:
    found = dues_of(of, today=SINCE + days * DAY)
    assert tuple(found.aged) == aged
    assert sum(aged) == found.arrears_micro


def test_the_agreed_limit_is_shown_and_cuts_nobody() -> None:
    assert dues_of(account(-100, 100, limit_micro=70), today=SINCE).above_limit_micro == 30
    assert dues_of(account(-70, 70, limit_micro=70), today=SINCE).above_limit_micro == 0


@given(
    charged=st.lists(st.integers(0, 1_000), max_size=6),
    paid=st.integers(-500, 7_000),
    days=st.integers(0, 260),
)
def test_nothing_owed_is_missing_and_nothing_twice(
    charged: list[int], paid: int, days: int
) -> None:
    found = dues_of(account(paid - sum(charged), *charged), today=SINCE + days * DAY)
    owed = max(0, sum(charged) - paid)
    assert found.unpaid_micro == found.before_micro + sum(e.unpaid_micro for e in found.dues)
    assert owed - found.going_on_micro <= found.unpaid_micro <= owed
    assert 0 <= found.arrears_micro <= found.unpaid_micro
    assert sum(found.aged) == found.arrears_micro
    assert min(found.aged) >= 0
    assert all(each.unpaid_micro <= each.period.charged_micro for each in found.dues)


@given(
    charged=st.lists(st.integers(-500, 1_000), max_size=8),
    balance=st.integers(-5_000, 1_000),
    days=st.integers(0, 400),
)
def test_the_ages_come_to_the_arrears_whatever_was_corrected(
    charged: list[int], balance: int, days: int
) -> None:
    found = dues_of(account(balance, *charged), today=SINCE + days * DAY)
    assert sum(found.aged) == found.arrears_micro
    assert min(found.aged) >= 0


@pytest.mark.parametrize(
    ("balance_micro", "unpaid", "late"),
    [(-107, [100], 7), (-57, [50], 7), (-7, [0], 7), (-3, [0], 3), (0, [0], 0), (5, [0], 0)],
)
def test_late_charges_are_told_apart_and_paid_last(
    balance_micro: int, unpaid: list[int], late: int
) -> None:
    found = dues_of(account(balance_micro, 100, late_micro=7), today=SINCE + 60 * DAY)
    assert ([each.unpaid_micro for each in found.dues], found.late_unpaid_micro) == (unpaid, late)
    assert found.unpaid_micro + late == max(0, -balance_micro)
