"""Reconnections: how far one is, whether it is late, whether energy flows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.reconnections.rules import (
    begun,
    breached,
    durations,
    is_overdue,
    reached,
    stage_of,
    stage_of_news,
    supersede,
    with_register,
    without_load,
)
from prepay_ledger.reconnections.values import (
    LOAD_AWAITED,
    Cause,
    Duration,
    NewReconnection,
    Reconnection,
    Register,
    Sla,
)
from prewatt_common.contracts.base import CommandStatus, RelayState
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.ids import new_id

S = ReconnectionStage
PAID = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CUT = PAID - timedelta(hours=3)


def issued(**changes: object) -> Reconnection:
    new = {
        "account_id": new_id(),
        "meter_id": "m-1",
        "cause": Cause.PAYMENT,
        "caused_at": PAID,
        "issued_at": PAID + timedelta(seconds=1),
        "opened_at": CUT,
        "sla": Sla(),
    }
    return begun(NewReconnection(**(new | changes)), id_=new_id())  # type: ignore[arg-type]


def after(*stages: tuple[ReconnectionStage, int], of: Reconnection | None = None) -> Reconnection:
    """A reconnection that reached these stages so many minutes after the payment."""
    found = of or issued()
    for stage, minutes in stages:
        found = reached(found, stage, PAID + minutes * MINUTE)
    return found


@pytest.mark.parametrize(
    ("stages", "stage", "late_at_min"),
    [
        ([], S.ISSUED, 15),
        ([(S.SENT, 1)], S.SENT, 15),
        ([(S.SENT, 1), (S.ANSWERED, 2)], S.ANSWERED, 15),
        ([(S.ARMED, 1)], S.ARMED, None),
        ([(S.ARMED, 1), (S.SENT, 2)], S.ARMED, None),
        ([(S.ARMED, 1), (S.CLOSED, 600)], S.CLOSED, None),
        ([(S.CLOSED, 1)], S.CLOSED, None),
        ([(S.CLOSED, 1), (S.LOAD, 30)], S.LOAD, None),
        ([(S.LOAD, 30)], S.LOAD, None),
        ([(S.CLOSED, 1), (S.ARMED, 2), (S.ANSWERED, 2)], S.CLOSED, None),
    ],
)
def test_late_is_what_has_not_come_so_far_that_it_is_closed_or_the_customers(
    stages: list[tuple[ReconnectionStage, int]],
    stage: ReconnectionStage,
    late_at_min: int | None,
) -> None:
    found = after(*stages)
    assert stage_of(found) is stage
    times = [PAID + minutes * MINUTE for minutes in (0, 14, 15, 16, 10_000)]
    late = [at for at in times if is_overdue(found, at)]
    assert late == ([] if late_at_min is None else [at for at in times if at >= times[2]])


def test_a_promise_of_load_counts_from_the_closed_relay() -> None:
    sla = Sla(load_within=timedelta(hours=1))
    found = after((S.CLOSED, 2), of=issued(sla=sla))
    assert not is_overdue(found, PAID + 61 * MINUTE)
    assert is_overdue(found, PAID + 62 * MINUTE)
    assert breached(found, PAID + 62 * MINUTE, journal_id=7).breach_stage is S.CLOSED
    assert not is_overdue(after((S.LOAD, 30), of=found), PAID + 62 * MINUTE)


def test_late_is_said_once_and_not_of_what_is_over() -> None:
    late = PAID + 15 * MINUTE
    found = breached(after((S.SENT, 1)), late, journal_id=None)
    assert (found.breach_stage, is_overdue(found, late)) == (S.SENT, False)
    assert not is_overdue(supersede(issued(), PAID), late)
    closed = after((S.CLOSED, 20), of=found)
    assert (closed.breach_stage, closed.closed_at) == (S.SENT, PAID + 20 * MINUTE)


def test_nothing_comes_before_the_command_whatever_the_clocks() -> None:
    found = issued(caused_at=PAID + MINUTE, issued_at=PAID)
    assert found.caused_at == PAID
    found = reached(found, S.CLOSED, PAID - MINUTE)
    assert (found.closed_at, durations(found)) == (
        PAID,
        {
            Duration.CAUSED_ISSUED: timedelta(0),
            Duration.ISSUED_CLOSED: timedelta(0),
            Duration.CAUSED_CLOSED: timedelta(0),
        },
    )


def test_the_time_at_the_button_is_the_customers() -> None:
    found = after((S.ARMED, 2), (S.CLOSED, 90), (S.LOAD, 95))
    assert durations(found) == {
        Duration.CAUSED_ISSUED: timedelta(seconds=1),
        Duration.ISSUED_ARMED: 2 * MINUTE - timedelta(seconds=1),
        Duration.CAUSED_ARMED: 2 * MINUTE,
        Duration.CLOSED_LOAD: 5 * MINUTE,
    }


@pytest.mark.parametrize(
    ("read", "load_min"),
    [
        # Minutes after the payment, and the register.
        ([(-60, 100), (-1, 200)], None),
        ([(10, 100)], None),
        ([(10, 100), (25, 100)], None),
        ([(10, 100), (25, 101)], 25),
        ([(10, 100), (25, 100), (40, 130), (55, 160)], 40),
        ([(10, 100), (25, 5), (40, 5), (55, 6)], 55),
        ([(25, 100), (10, 105)], None),
    ],
)
def test_load_is_a_register_that_rose_after_the_command(
    read: list[tuple[int, int]], load_min: int | None
) -> None:
    found = issued()
    for minutes, wh in read:
        found = with_register(found, Register(PAID + minutes * MINUTE, wh))
    load_at = None if load_min is None else PAID + load_min * MINUTE
    assert (found.load_at, found.done_at, found.closed_at) == (load_at, load_at, load_at)


def test_a_reading_just_after_a_cut_is_no_base_by_any_clock() -> None:
    found = issued(opened_at=PAID)
    for minutes, wh in [(4, 100), (7, 150), (9, 150)]:
        found = with_register(found, Register(PAID + minutes * MINUTE, wh))
    assert (found.load_at, found.base) == (None, Register(PAID + 9 * MINUTE, 150))


def test_load_is_not_waited_for_for_ever() -> None:
    found = after((S.CLOSED, 1))
    assert without_load(found, PAID + LOAD_AWAITED).is_open
    over = without_load(found, PAID + MINUTE + LOAD_AWAITED)
    assert (over.is_open, over.load_at) == (False, None)
    assert without_load(issued(), PAID + 10 * LOAD_AWAITED).is_open


def test_that_a_relay_is_closed_is_said_by_the_relay_alone() -> None:
    found = {status: stage_of_news(status=status, relay=None) for status in CommandStatus}
    assert found[CommandStatus.SUCCEEDED] is None
    assert set(found.values()) == {None, S.SENT, S.ANSWERED}
    failed = CommandStatus.FAILED
    assert stage_of_news(status=failed, relay=RelayState.OPEN) is S.ANSWERED
    assert stage_of_news(status=failed, relay=RelayState.CLOSED) is S.CLOSED
    assert stage_of_news(status=None, relay=RelayState.ARMED) is S.ARMED
    assert stage_of_news(status=None, relay=RelayState.OPEN) is None


@given(
    st.lists(st.tuples(st.sampled_from(list(S)[1:]), st.integers(-5, 60)), max_size=12),
    st.integers(0, 60),
)
def test_stages_only_go_on_and_every_time_is_in_their_order(
    seen: list[tuple[ReconnectionStage, int]], now_min: int
) -> None:
    order = list(S)
    found, done = issued(), False
    for stage, minutes in sorted(seen, key=lambda each: each[1]):
        before = found
        found = reached(found, stage, PAID + minutes * MINUTE)
        assert order.index(stage_of(found)) >= order.index(stage_of(before))
        assert not (done and found is not before)
        done = not found.is_open
    assert all(lasted >= timedelta(0) for lasted in durations(found).values())
    now = PAID + now_min * MINUTE
    if is_overdue(found, now):
        assert order.index(stage_of(found)) < order.index(S.ARMED)
        assert now - found.caused_at >= Sla().close_within
    # The same again changes nothing.
    again = found
    for stage, minutes in seen:
        if order.index(stage) <= order.index(stage_of(found)):
            again = reached(again, stage, PAID + minutes * MINUTE)
    assert again is found
