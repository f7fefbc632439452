"""By when to buy, so that nobody is cut: the calendar's openings around the instant money ends."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_policies import with_calendar

from prepay_ledger.policies.in_force import holds
from prepay_ledger.policies.openings import openings
from prepay_ledger.policies.values import HoldReason
from prewatt_common.contracts.supply_calendar_v1 import Calendar, FriendlyHours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    friendly_hours=(FriendlyHours(begin="18:00", end="09:00"),),
    weekdays=("sat", "sun"),
    public_holidays=(date(2026, 12, 25),),
)
POLICY = with_calendar(OFFICE)
ALWAYS_OPEN = with_calendar(Calendar())


def at(text: str) -> datetime:
    """A wall clock of Berlin: 2026-12-04 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


TABLE = [
    # now, money ends, a cut may come from, buy by
    ("2026-12-03T12:00", "2026-12-05T22:00", "2026-12-07T09:00", "2026-12-04T18:00"),
    ("2026-12-05T12:00", "2026-12-05T22:00", "2026-12-07T09:00", "2026-12-07T09:00"),
    ("2026-12-03T12:00", "2026-12-04T11:00", "2026-12-04T11:00", "2026-12-04T11:00"),
    ("2026-12-03T12:00", "2026-12-04T18:00", "2026-12-07T09:00", "2026-12-04T18:00"),
    ("2026-12-03T12:00", "2026-12-04T03:00", "2026-12-04T09:00", "2026-12-03T18:00"),
    ("2026-12-22T12:00", "2026-12-25T12:00", "2026-12-28T09:00", "2026-12-24T18:00"),
    ("2026-03-27T12:00", "2026-03-29T02:30", "2026-03-30T09:00", "2026-03-27T18:00"),
]


@pytest.mark.parametrize(("now", "ends", "cut_from", "buy_by"), TABLE)
def test_by_when_to_buy(now: str, ends: str, cut_from: str, buy_by: str) -> None:
    found = openings(POLICY, ends_at=at(ends), now=at(now), zone=BERLIN)
    assert found is not None
    assert (found.cut_from, found.buy_by) == (at(cut_from), at(buy_by))
    assert bool(found.held_by) == (cut_from != ends)


def test_the_reasons_are_those_of_the_instant() -> None:
    found = openings(
        POLICY, ends_at=at("2026-12-05T22:00"), now=at("2026-12-03T12:00"), zone=BERLIN
    )
    assert found is not None
    assert found.held_by == (HoldReason.FRIENDLY_HOURS, HoldReason.DAY_OFF)


def test_without_a_calendar_it_is_when_money_ends() -> None:
    ends_at = at("2026-12-05T22:00")
    found = openings(ALWAYS_OPEN, ends_at=ends_at, now=at("2026-12-03T12:00"), zone=BERLIN)
    assert found == (ends_at, (), ends_at)


@given(st.integers(0, 20_000), st.integers(0, 60_000))
def test_nobody_is_cut_before_it_is_open_and_buying_is_in_time(since: int, ahead: int) -> None:
    now = at("2026-03-20T00:00") + timedelta(minutes=since)
    ends_at = now + timedelta(minutes=ahead)
    found = openings(POLICY, ends_at=ends_at, now=now, zone=BERLIN)
    assert found is not None
    assert not holds(POLICY, at=found.cut_from, zone=BERLIN)
    assert found.cut_from >= ends_at
    assert now <= found.buy_by <= found.cut_from
    if found.buy_by < ends_at:
        just_before = found.buy_by - timedelta(minutes=1)
        assert just_before < now or not holds(POLICY, at=just_before, zone=BERLIN)
