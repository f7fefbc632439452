"""How many cuts of a day's list may be made by now, and when the next: pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from prepay_ledger.cut_lists.values import CutList, LineState, Listed, ListState, Progress
from prepay_ledger.procedures.values import MissingStep, Why, calendar_of
from prewatt_common.contracts.procedure_v1 import CUT_LIST, CutListTerms, Procedure
from prewatt_metering.calendar.instants import us_of

Window: TypeAlias = tuple[datetime, datetime]
"""From an instant up to another."""
_SECOND = timedelta(seconds=1)
_GOES = frozenset({LineState.WAITING, LineState.ASIDE, LineState.OUT})


def released(
    of: CutList, terms: CutListTerms, *, timezone: str, progress: Progress, now: datetime
) -> int:
    """How many cuts of the list may have been sent by ``now``, in all.

    None outside its day and the staffed hours. Within, as many as the hour's share allows since the
    approval; no more than the canary until it is known what came of as many, and where too many
    failed.
    """
    if of.state is not ListState.APPROVED or of.approved is None:
        return 0
    windows = _open_windows(of.local_day, terms, timezone, since=of.approved.at)
    if not any(begin <= now < end for begin, end in windows):
        return 0
    staffed = sum((min(end, now) - begin for begin, end in windows if begin < now), timedelta())
    share = terms.per_hour * (staffed // _SECOND) // 3600
    canary = min(terms.canary, of.lines)
    most = of.lines if is_past_canary(of, terms, progress) else canary
    return min(most, share)


def ready_at(
    of: CutList, terms: CutListTerms, *, timezone: str, number: int, now: datetime
) -> datetime | None:
    """The first instant from ``now`` on at which the hours' share reaches so many cuts; none: not
    on the list's day."""
    assert of.approved is not None, "nothing of a list that nobody has approved is ever ready"
    needed = _SECOND * -(-number * 3600 // terms.per_hour)
    for begin, end in _open_windows(of.local_day, terms, timezone, since=of.approved.at):
        reached = max(begin + needed, now) if needed >= timedelta() else max(begin, now)
        if reached < end:
            return reached
        needed -= end - begin
    return None


def missing_listing(
    procedure: Procedure, listed: Listed | None, *, now: datetime
) -> MissingStep | None:
    """What keeps an account's cut from being made by the day's list; none: nothing does, or the
    procedure asks for no list."""
    terms = procedure.cut_list
    if terms is None:
        return None
    zone = procedure.timezone
    today = calendar_of(zone).day_of(us_of(now))
    if (
        listed is None
        or listed.state not in _GOES
        or listed.of.state is not ListState.APPROVED
        or listed.of.local_day != today
    ):
        return _missing(Why.NOT_DONE, None)
    of, progress, number = listed.of, listed.progress, listed.number
    if listed.state is LineState.ASIDE:
        return _missing(Why.WAITS_FOR_OTHERS, None)
    if number <= released(of, terms, timezone=zone, progress=progress, now=now):
        return None
    if number > terms.canary and not is_past_canary(of, terms, progress):
        return _missing(Why.WAITS_FOR_OTHERS, None)
    earliest = ready_at(of, terms, timezone=zone, number=number, now=now)
    return _missing(Why.NOT_DONE if earliest is None else Why.TOO_EARLY, earliest)


def list_not_after(
    procedure: Procedure, listed: Listed | None, *, now: datetime
) -> datetime | None:
    """The end of the staffed hours in which a cut by the list may be made at ``now``; none: the
    procedure asks for no list."""
    terms = procedure.cut_list
    if terms is None or listed is None:
        return None
    windows = _windows(listed.of.local_day, terms, procedure.timezone)
    return next((end for begin, end in windows if begin <= now < end), None)


def is_past_canary(of: CutList, terms: CutListTerms, progress: Progress) -> bool:
    """What came of the canary is known, of as many lines as can be cut at all, and it is good."""
    able = of.lines - progress.dropped - progress.aside
    return progress.tried >= min(terms.canary, able) and progress.failed <= terms.failed_max


def _open_windows(
    day: date, terms: CutListTerms, timezone: str, *, since: datetime
) -> Sequence[Window]:
    return [
        (max(begin, since), end)
        for begin, end in _windows(day, terms, timezone)
        if max(begin, since) < end
    ]


def _windows(day: date, terms: CutListTerms, timezone: str) -> Iterator[Window]:
    """Staffed hours of a local day, in order. Where the clock jumps over one of them it is
    shorter, or gone."""
    zone = ZoneInfo(timezone)
    for each in terms.staffed:
        begin, end = (
            datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
            for clock in (each.begin, each.end)
        )
        if begin < end:
            yield begin, end


def _missing(why: Why, earliest: datetime | None) -> MissingStep:
    return MissingStep(name=CUT_LIST, kind=None, why=why, earliest=earliest)
