"""Which policy holds when, and what one changes against another."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_policies import BEGIN, version

from prepay_ledger.policies.book import BUILT_IN, PolicyBook
from prepay_ledger.policies.differences import differences
from prepay_ledger.relays.values import Limits
from prewatt_common.contracts.supply_policy_v1 import policy_of

DAY = timedelta(days=1)


def test_what_is_built_in_holds_where_nobody_published() -> None:
    book = PolicyBook([])
    assert book.version(BEGIN) is BUILT_IN
    policy = book.in_force("household", at=BEGIN)
    assert (policy.number, policy.calendar) == (0, None)
    assert book.next_change(BEGIN) is None


def test_what_is_built_in_brings_relays_where_they_should_be_as_before() -> None:
    commands = PolicyBook([]).in_force("household", at=BEGIN).terms.commands
    assert Limits(**msgspec.structs.asdict(commands)) == Limits()


@pytest.mark.parametrize(
    ("begins", "held"),
    [
        ([2], "001"),
        ([1, 2], "012"),
        # The third was published for a day before the second's: it holds up to there.
        ([0, 2, 1], "132"),
        # Published for one instant twice: the later one holds.
        ([1, 1], "022"),
    ],
)
def test_the_latest_begin_holds_and_of_one_begin_the_last(begins: list[int], held: str) -> None:
    book = PolicyBook([version(n, BEGIN + day * DAY) for n, day in enumerate(begins, 1)])
    assert "".join(str(book.version(BEGIN + n * DAY).number) for n in range(3)) == held


@given(begins=st.lists(st.integers(0, 20), max_size=8), now=st.integers(0, 20))
def test_what_is_published_later_changes_nothing_that_is_past(begins: list[int], now: int) -> None:
    """Nothing is published for a time that is past, so a decision of then can be made again."""
    versions = [version(n, BEGIN + day * DAY) for n, day in enumerate(begins, 1)]
    known = [each for each in versions[:4] if each.effective_from <= BEGIN + now * DAY]
    later = [each for each in versions[4:] if each.effective_from > BEGIN + now * DAY]
    before, after = PolicyBook(known), PolicyBook([*known, *later])
    for day in range(now + 1):
        at = BEGIN + day * DAY
        assert before.version(at).number == after.version(at).number
    change = after.next_change(BEGIN + now * DAY)
    assert change == min((each.effective_from for each in later), default=None)


def test_a_class_is_given_its_terms_and_their_calendar_and_the_same_each_time() -> None:
    book = PolicyBook(
        [
            version(
                1,
                calendars={"city": {"weekdays": ["sun"]}},
                classes={"household": {"calendar": "city"}},
            )
        ]
    )
    household = book.in_force("household", at=BEGIN)
    assert household.calendar is not None
    assert household is book.in_force("household", at=BEGIN + DAY), "what it worked out is kept"
    assert book.in_force("enterprise", at=BEGIN).calendar is None


CITY = {"city": {"weekdays": ["sun"], "public_holidays": ["2026-10-01", "2026-10-02"]}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {}, []),
        (
            {"default": {}},
            {"default": {"commands": {"first_pause_s": 120}}},
            ["class default: commands.first_pause_s: 60 -> 120"],
        ),
        # A class that gets a part of its own is compared with what it has had.
        (
            {"default": {"load_limit_w": 500}},
            {"default": {"load_limit_w": 500}, "classes": {"municipal": {"protected": True}}},
            [
                "class municipal: protected: no -> yes",
                "class municipal: load_limit_w: 500 -> none",
            ],
        ),
        (
            {"calendars": CITY, "default": {"calendar": "city"}},
            {
                "calendars": {
                    "city": {
                        "weekdays": ["sun", "sat"],
                        "public_holidays": ["2026-10-02", "2026-10-03"],
                    }
                },
                "default": {"calendar": "city"},
            },
            [
                "calendar city: weekdays: none -> sat",
                "calendar city: public_holidays: 2026-10-01 -> 2026-10-03",
            ],
        ),
        (
            {"default": {}},
            {"default": {"small_load": {"below_wh": 700}}},
            [
                "class default: small_load.below_wh: none -> 700",
                "class default: small_load.days: none -> 7",
            ],
        ),
        (
            {"protections": {"medical": {"papers": True, "longest_days": 90}}},
            {"protections": {}},
            [
                "protection medical: papers: yes -> none",
                "protection medical: longest_days: 90 -> none",
            ],
        ),
    ],
)
def test_a_difference_is_read_by_a_person(
    before: dict[str, Any], after: dict[str, Any], said: list[str]
) -> None:
    found = differences(policy_of(before), policy_of(after))
    assert [str(each) for each in found] == said


def test_a_new_calendar_is_told_field_by_field() -> None:
    after = policy_of({"calendars": CITY, "default": {"calendar": "city"}})
    found = {str(each) for each in differences(policy_of({}), after)}
    assert "calendar city: public_holidays: none -> 2026-10-01; 2026-10-02" in found
    assert "class default: calendar: none -> city" in found
    assert not any("before_holiday_from" in each for each in found), "nothing came of it"
