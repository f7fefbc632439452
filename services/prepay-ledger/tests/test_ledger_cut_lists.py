"""How many cuts of a day's list may be made by now: tables, and any instant by Hypothesis."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_procedures import procedure

from prepay_ledger.cut_lists.rules import list_not_after, missing_listing, ready_at, released
from prepay_ledger.cut_lists.values import CutList, LineState, Listed, ListState, Progress
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.procedure_v1 import CutListTerms, InvalidProcedure, StaffedHours

DAY = date(2026, 3, 2)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TERMS = CutListTerms(
    approver_role="duty", canary=10, failed_max=1, per_hour=60,
    staffed=(StaffedHours("08:00", "10:00"), StaffedHours("13:00", "14:00")),
)  # fmt: skip
NONE = Progress(0, 0, 0)


def clock(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{text}:00+00:00")


def approved(text: str = "07:00", **change: Any) -> CutList:
    at = clock(text)
    made = CutList(
        id=UUID(int=7), state=ListState.APPROVED, cited="c", local_day=DAY, lines=150,
        accounts_sha256="", drafted=Decided(by="li", reason="r", at=at),
        approved=Decided(by="wu", reason="r", at=at),
    )  # fmt: skip
    return replace(made, **change)


@pytest.mark.parametrize(
    ("of", "now", "progress", "goes"),
    [
        (approved(), "07:59", NONE, 0),
        (approved(), "08:00", NONE, 0),
        (approved(), "08:01", NONE, 1),
        (approved(), "08:30", NONE, 10),
        (approved(), "08:30", Progress(9, 0, 0), 10),
        (approved(), "08:30", Progress(10, 0, 0), 30),
        # one has paid: another must be tried in its place
        (approved(), "08:30", Progress(8, 1, 1), 10),
        (approved(), "08:30", Progress(9, 1, 5), 30),
        # so few can be cut at all
        (approved(), "08:30", Progress(4, 0, 96, 0, 50), 30),
        (approved(), "08:30", Progress(4, 0, 95, 0, 50), 10),
        (approved(), "08:30", Progress(0, 0, 0, 10, 0), 10),
        (approved(), "08:30", Progress(9, 2, 0), 10),
        (approved(), "09:59", Progress(30, 1, 0), 119),
        (approved(), "10:00", Progress(30, 0, 0), 0),
        (approved(), "12:00", Progress(30, 0, 0), 0),
        (approved(), "13:00", Progress(30, 0, 0), 120),
        (approved(), "13:30", Progress(30, 0, 0), 150),
        (approved(), "13:59", Progress(30, 0, 0), 150),
        (approved(), "14:00", Progress(30, 0, 0), 0),
        (approved("09:00"), "09:10", NONE, 10),
        (approved("09:00"), "13:10", Progress(10, 0, 0), 70),
        (approved(lines=4), "08:30", Progress(4, 0, 0), 4),
        (approved(state=ListState.DRAFTED, approved=None), "08:30", NONE, 0),
        (approved(state=ListState.STOPPED), "08:30", NONE, 0),
        (approved(local_day=date(2026, 3, 1)), "08:30", NONE, 0),
    ],
)
def test_so_many_may_go(of, now, progress, goes):
    assert released(of, TERMS, timezone="UTC", progress=progress, now=clock(now)) == goes


@given(
    minute=st.integers(0, 24 * 60),
    approved_minute=st.integers(0, 24 * 60 - 1),
    number=st.integers(1, 200),
    per_hour=st.integers(1, 500),
)
def test_a_line_is_ready_at_the_first_instant_at_which_it_may_go(
    minute, approved_minute, number, per_hour
):
    at = MIDNIGHT + approved_minute * MINUTE
    of = approved(approved=Decided(by="wu", reason="r", at=at), lines=200)
    terms = CutListTerms(approver_role="duty", canary=1, per_hour=per_hour, staffed=TERMS.staffed)
    now = MIDNIGHT + minute * MINUTE

    def may_go(at: datetime) -> bool:
        most = released(of, terms, timezone="UTC", progress=Progress(200, 0, 0), now=at)
        return number <= most

    ready = ready_at(of, terms, timezone="UTC", number=number, now=now)
    if ready is None:
        assert not any(may_go(now + step * MINUTE) for step in range(24 * 60))
        return
    assert ready >= now
    assert may_go(ready)
    if ready > now:
        assert not may_go(ready - timedelta(seconds=1))
        steps = (ready - now) // MINUTE
        assert not any(may_go(now + step * MINUTE) for step in range(steps))


@pytest.mark.parametrize(
    ("listed", "now", "why", "earliest"),
    [
        (None, "08:30", "not_done", None),
        (Listed(approved(), 1, LineState.WAITING, NONE), "08:30", None, None),
        (Listed(approved(), 0, LineState.DONE, NONE), "08:30", "not_done", None),
        (Listed(approved(), 0, LineState.ASIDE, NONE), "08:30", "waits_for_others", None),
        # the first that waits, while nine cuts are on their way, and ten
        (Listed(approved(), 1, LineState.WAITING, Progress(0, 0, 0, 9)), "08:30", None, None),
        (Listed(approved(), 1, LineState.WAITING, Progress(0, 0, 0, 10)), "08:30",
         "waits_for_others", None),
        (Listed(approved(), 0, LineState.OUT, Progress(0, 0, 0, 10)), "08:30", None, None),
        (Listed(approved(), 0, LineState.OUT, Progress(2, 2, 0, 30)), "08:30",
         "waits_for_others", None),
        (Listed(approved(), 1, LineState.WAITING, NONE), "07:00", "too_early", "08:01"),
        (Listed(approved(), 10, LineState.WAITING, NONE), "08:05", "too_early", "08:10"),
        (Listed(approved(), 11, LineState.WAITING, NONE), "08:30", "waits_for_others", None),
        (Listed(approved(), 120, LineState.WAITING, Progress(10, 0, 0)), "09:00", "too_early",
         "13:10"),
        (Listed(approved(), 10, LineState.WAITING, NONE), "14:00", "not_done", None),
        (Listed(approved(state=ListState.DRAFTED, approved=None), 1, LineState.WAITING, NONE),
         "08:30", "not_done", None),
        (Listed(approved(local_day=date(2026, 3, 1)), 1, LineState.WAITING, NONE), "08:30",
         "not_done", None),
    ],
)  # fmt: skip
def test_an_account_waits_for_its_line(listed, now, why, earliest):
    of = procedure(cut_list=to_document())
    missing = missing_listing(of, listed, now=clock(now))
    if why is None:
        assert missing is None
        assert list_not_after(of, listed, now=clock(now)) == clock("10:00")
        return
    assert missing is not None
    assert (missing.why.value, missing.earliest) == (why, earliest and clock(earliest))
    assert missing_listing(procedure(), listed, now=clock(now)) is None
    assert list_not_after(procedure(), listed, now=clock(now)) is None


def to_document(**change: Any) -> dict[str, Any]:
    return {
        "approver_role": "duty",
        "canary": 10,
        "failed_max": 1,
        "per_hour": 60,
        "staffed": [{"begin": "08:00", "end": "10:00"}, {"begin": "13:00", "end": "14:00"}],
    } | change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"staffed": []}, "length >= 1"),
        ({"staffed": [{"begin": "10:00", "end": "08:00"}]}, "is no part of a day"),
        ({"staffed": [{"begin": "8:00", "end": "10:00"}]}, "matching regex"),
        (
            {"staffed": [{"begin": "08:00", "end": "10:00"}, {"begin": "09:00", "end": "11:00"}]},
            "overlap, or are out of order",
        ),
        ({"canary": 0}, "`int` >= 1"),
        ({"per_hour": 0}, "`int` >= 1"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(change, said):
    with pytest.raises(InvalidProcedure, match=said):
        procedure(cut_list=to_document(**change))


def test_staffed_hours_are_the_wall_clocks_on_the_day_that_the_clock_changes():
    """London, 29 March 2026: 01:00 to 02:00 is not there."""
    terms = CutListTerms(
        approver_role="duty", per_hour=60, staffed=(StaffedHours("00:30", "02:30"),)
    )
    midnight = datetime(2026, 3, 29, tzinfo=UTC)
    of = approved(local_day=date(2026, 3, 29), approved=Decided(by="wu", reason="r", at=midnight))
    for minutes, goes in ((29, 0), (45, 15), (89, 59), (90, 0)):
        now = midnight + minutes * MINUTE
        assert released(of, terms, timezone="Europe/London", progress=NONE, now=now) == goes
