"""What a change of mode needs, and what follows next: by tables, and any order of events."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.mandates.values import Consent
from prepay_ledger.mode_changes.rules import (
    MAY_BECOME,
    Next,
    closing_micro,
    first_state,
    next_of,
    owed_micro,
    why_not_noticed,
    why_not_requested,
)
from prepay_ledger.mode_changes.values import OPEN, ChangeState, Ground, ModeChange, Terms
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_modes_v1 import ModeChanges
from prewatt_common.ids import new_id

S = ChangeState
AT = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = AT.date()
READ, UNREAD = Ground((), is_signed=True), Ground(("m1", "m2"), is_signed=True)
UNSIGNED = Ground((), is_signed=False)


def terms(to: Mode = Mode.ARREARS, first_day: date = TODAY, consent_at=AT - 40 * DAY) -> Terms:
    consent = Consent(by="Zhang Min", reference="A-17", at=consent_at)
    return Terms(to=to, first_day=first_day, tariff_code="home", consent=consent)


def change(
    state: ChangeState = S.NOTICED, *, to: Mode = Mode.ARREARS, **rules: object
) -> ModeChange:
    return ModeChange(
        id=new_id(),
        account_id=new_id(),
        terms=terms(to),
        rules=ModeChanges(**rules),
        effective_at=AT,
        state=state,
    )


@pytest.mark.parametrize(
    ("asked", "notice_days", "mode", "said"),
    [
        (terms(), 0, Mode.PREPAY, None),
        (terms(Mode.PREPAY), 0, Mode.ARREARS, None),
        (terms(), 0, Mode.ARREARS, "mode is arrears already"),
        (terms(consent_at=AT + DAY), 0, Mode.PREPAY, "which is to come"),
        (terms(first_day=AT.date() - DAY), 0, Mode.PREPAY, "2026-03-10 at the earliest"),
        (terms(first_day=AT.date() + 29 * DAY), 30, Mode.PREPAY, "2026-04-09 at the earliest"),
        (terms(first_day=AT.date() + 30 * DAY), 30, Mode.PREPAY, None),
    ],
)
def test_what_may_be_asked_for(
    asked: Terms, notice_days: int, mode: Mode, said: str | None
) -> None:
    rules = ModeChanges(notice_days=notice_days)
    why = why_not_requested(asked, rules, mode=mode, today=AT.date(), now=AT)
    assert (why is None) if said is None else (why is not None and said in why)


@pytest.mark.parametrize(
    ("state", "given_at", "now", "said"),
    [
        (S.REQUESTED, AT - 14 * DAY, AT - 13 * DAY, None),
        (S.REQUESTED, AT - 13 * DAY, AT - 13 * DAY, "14 days before"),
        (S.REQUESTED, AT - 14 * DAY, AT - 15 * DAY, "is to come"),
        (S.NOTICED, AT - 14 * DAY, AT - 13 * DAY, "waits for no notice"),
        (S.DONE, AT - 14 * DAY, AT, "waits for no notice"),
    ],
)
def test_a_notice_is_given_in_time(
    state: ChangeState, given_at: datetime, now: datetime, said: str | None
) -> None:
    why = why_not_noticed(change(state, notice_days=14), given_at=given_at, now=now)
    assert (why is None) if said is None else (why is not None and said in why)


@pytest.mark.parametrize(
    ("asked", "ground", "now", "follows"),
    [
        (change(), READ, AT - DAY, Next.REST),
        (change(), READ, AT, Next.CLOSE),
        (change(), UNREAD, AT, Next.WAIT),
        (change(S.WAITING), UNREAD, AT + 90 * DAY, Next.WAIT),
        (change(S.WAITING), READ, AT + 90 * DAY, Next.CLOSE),
        (change(without_reading_after_days=3), UNREAD, AT + 3 * DAY - DAY / 9, Next.WAIT),
        (change(without_reading_after_days=3), UNREAD, AT + 3 * DAY, Next.CLOSE),
        (change(S.REQUESTED, notice_days=14), READ, AT - DAY, Next.REST),
        (change(S.REQUESTED, notice_days=14), READ, AT, Next.REFUSE),
        (change(to=Mode.PREPAY), UNSIGNED, AT, Next.WAIT),
        (change(to=Mode.PREPAY), READ, AT, Next.CLOSE),
        (change(), UNSIGNED, AT, Next.CLOSE),
        (change(S.DONE), READ, AT, Next.REST),
        (change(S.CANCELLED), READ, AT, Next.REST),
        (change(S.REFUSED), READ, AT, Next.REST),
    ],
)
def test_what_follows(asked: ModeChange, ground: Ground, now: datetime, follows: Next) -> None:
    assert next_of(asked, ground, now=now).next is follows


def test_it_says_what_it_waits_for() -> None:
    assert next_of(change(), UNREAD, now=AT).why == "readings of m1, m2"
    many = Ground(tuple(f"m{n}" for n in range(9)), is_signed=True)
    assert next_of(change(), many, now=AT).why == "readings of m0, m1, m2 and 6 more"
    waits = next_of(change(to=Mode.PREPAY), UNSIGNED, now=AT)
    assert waits.why == "a prepay agreement that the customer has signed"


_BECOMES = {Next.WAIT: S.WAITING, Next.CLOSE: S.DONE, Next.REFUSE: S.REFUSED}


@given(
    notice_days=st.integers(0, 3),
    without=st.one_of(st.none(), st.integers(1, 3)),
    events=st.lists(
        st.tuples(
            st.integers(-5, 8),
            st.booleans(),
            st.booleans(),
            st.sampled_from(["look", "notice", "cancel"]),
        )
    ),
    to=st.sampled_from(Mode),
)
def test_in_any_order_it_is_made_once_and_never_before_its_instant(
    notice_days: int, without: int | None, events: list[tuple[int, bool, bool, str]], to: Mode
) -> None:
    rules = ModeChanges(notice_days=notice_days, without_reading_after_days=without)
    state, noticed = first_state(rules), notice_days == 0
    for days, is_read, is_signed, event in sorted(events, key=lambda each: each[0]):
        now, before = AT + days * DAY, state
        asked = ModeChange(
            id=new_id(), account_id=new_id(), terms=terms(to), rules=rules, effective_at=AT,
            state=state,
        )  # fmt: skip
        if event == "cancel" and state in OPEN:
            state = S.CANCELLED
        elif event == "notice" and why_not_noticed(asked, given_at=now, now=now) is None:
            state, noticed = S.NOTICED, True
        elif event == "look":
            ground = Ground(() if is_read else ("m1",), is_signed=is_signed)
            state = _BECOMES.get(next_of(asked, ground, now=now).next, state)
            if state is S.DONE and before is not S.DONE:
                assert now >= AT and noticed
                assert is_signed or to is Mode.ARREARS
                assert is_read or (without is not None and now >= AT + without * DAY)
        assert state is before or state in MAY_BECOME[before]


@given(balance=st.integers(-(10**6), 10**6), opened=st.integers(0, 10**6))
def test_what_is_owed_and_what_is_left_are_the_closing_to_the_micro_unit(
    balance: int, opened: int
) -> None:
    closed = closing_micro(balance_micro=balance, opened_micro=opened)
    owed = owed_micro(change(to=Mode.PREPAY), closed)
    assert balance + owed + opened == max(0, closed)
    assert owed_micro(change(to=Mode.ARREARS), closed) == 0
    assert owed_micro(change(to=Mode.PREPAY, owed="at_once"), closed) == 0
