"""A relay that opens at the meter though nobody asked it: closed again after a pause, and from some
time on only once a person has looked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from prepay_ledger.relays.news import (
    after_limiter,
    after_progress,
    after_report,
    after_silence,
    seen_to,
)
from prepay_ledger.relays.next_step import REST, Step, Waits, next_step
from prepay_ledger.relays.values import (
    CommandProgress,
    Desired,
    Limits,
    Observed,
    ObservedFrom,
    Outstanding,
    Relay,
)
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits()
MINUTES = timedelta(minutes=1)
CLOSED = Relay(meter_id="m-1")
OPEN, ARMED = RelayState.OPEN, RelayState.ARMED


def opens(relay: Relay, *, at: datetime = NOW, state: RelayState = OPEN) -> Relay:
    return after_report(relay, state, at=at, by=ObservedFrom.UNASKED)


def closes(relay: Relay, *, at: datetime) -> Relay:
    return after_report(relay, RelayState.CLOSED, at=at, by=ObservedFrom.UNASKED)


def step(relay: Relay, *, at: datetime = NOW) -> Step:
    return next_step(relay, may_cut=True, cut_not_after=None, limits=LIMITS, now=at)


def asked(relay: Relay, action: RelayAction, *, at: datetime) -> Relay:
    out = Outstanding(
        command_id=UUID(int=1),
        action=action,
        issued_at=at,
        deadline_at=at + MINUTES,
        expires_at=at + MINUTES,
        sent_at=at,
    )
    return replace(relay, outstanding=out)


def answered(relay: Relay, state: RelayState, *, at: datetime) -> Relay:
    progress = CommandProgress(
        command_id=UUID(int=1),
        meter_id="m-1",
        status=CommandStatus.SUCCEEDED,
        relay=state,
        detail="",
        at=at,
    )
    return after_progress(relay, progress, now=at)


def test_it_is_closed_after_a_pause_that_doubles_and_then_not_any_more() -> None:
    relay, now, pauses = CLOSED, NOW, []
    for _ in range(2):
        relay = opens(relay, at=now)
        waits = step(relay, at=now)
        assert waits.waits is Waits.OPENED_AT_METER
        assert waits.again_at is not None
        pauses.append(waits.again_at - now)
        assert step(relay, at=waits.again_at - timedelta(seconds=1)) == waits
        now = waits.again_at
        assert step(relay, at=now).action is RelayAction.RECONNECT
        relay = answered(asked(relay, RelayAction.RECONNECT, at=now), RelayState.CLOSED, at=now)
        assert step(relay, at=now) == REST
        now += MINUTES
    assert pauses == [15 * MINUTES, 30 * MINUTES]
    relay = opens(relay, at=now)
    # A person has to look, however long nobody does.
    for days in (0, 1, 30):
        assert step(relay, at=now + timedelta(days=days)) == Step(waits=Waits.OPENS_AGAIN)
    looked = seen_to(relay)
    assert (looked.openings, looked.opened_at) == (0, None)
    assert step(looked, at=now).action is RelayAction.RECONNECT


def test_a_day_without_one_begins_to_count_anew() -> None:
    relay = opens(closes(opens(CLOSED), at=NOW + MINUTES), at=NOW + 2 * MINUTES)
    assert relay.openings == 2
    relay = closes(relay, at=NOW + 3 * MINUTES)
    for more, openings in ((timedelta(hours=24), 1), (timedelta(hours=23, minutes=59), 3)):
        assert opens(relay, at=NOW + 2 * MINUTES + more).openings == openings


def test_what_is_told_twice_or_while_it_is_open_is_one_opening() -> None:
    first = opens(CLOSED)
    assert opens(first) == first
    assert opens(first, at=NOW - MINUTES) == first
    again = opens(first, at=NOW + MINUTES)
    assert (again.openings, again.opened_at, again.is_open_unasked) == (1, NOW, True)
    # Nor does a report that does not say by what end it.
    plain = after_report(first, OPEN, at=NOW + MINUTES)
    assert (plain.openings, plain.is_open_unasked) == (1, True)
    # A copy that comes once it is closed again is old.
    closed = closes(first, at=NOW + MINUTES)
    assert opens(closed) == closed


@pytest.mark.parametrize("state", [OPEN, ARMED])
def test_whoever_is_to_press_the_button_is_armed_at_once(state: RelayState) -> None:
    """To arm closes nothing; but what opens again and again is not armed either."""
    relay = opens(replace(CLOSED, desired=Desired.ARMED), state=state)
    expected = REST if state is ARMED else None
    assert step(relay) == expected or step(relay).action is RelayAction.ARM
    often = replace(relay, openings=3, observed=Observed.OPEN)
    assert step(often).waits is Waits.OPENS_AGAIN


def test_a_meters_own_limiter_is_left_time_to_close_and_is_no_fault() -> None:
    relay = CLOSED
    for minute in range(9):
        relay = after_limiter(relay, OPEN, at=NOW + minute * MINUTES)
        assert step(relay, at=NOW + minute * MINUTES).waits is Waits.OPENED_AT_METER
        relay = after_limiter(relay, RelayState.CLOSED, at=NOW + (minute + 0.5) * MINUTES)
    assert relay.openings == 0
    assert step(after_limiter(relay, OPEN, at=NOW + 60 * MINUTES), at=NOW + 75 * MINUTES).action


def test_who_was_cut_and_paid_waits_for_no_opening_of_before() -> None:
    """What we opened ourselves since is closed at once, though it had opened unasked before."""
    relay = replace(closes(opens(CLOSED), at=NOW + MINUTES), openings=3, desired=Desired.OPEN)
    cut = answered(
        asked(relay, RelayAction.DISCONNECT, at=NOW + MINUTES), OPEN, at=NOW + 2 * MINUTES
    )
    paid = replace(cut, desired=Desired.CLOSED)
    assert step(paid, at=NOW + 3 * MINUTES).action is RelayAction.RECONNECT


def test_what_opened_unasked_stays_so_while_it_was_to_be_open_for_money_too() -> None:
    """Nothing was asked of it: whoever opened it may still be there when the money comes."""
    unpaid = replace(opens(CLOSED), desired=Desired.OPEN)
    assert step(unpaid) == REST
    assert step(replace(unpaid, desired=Desired.CLOSED)).waits is Waits.OPENED_AT_METER


def test_whoever_was_to_have_no_supply_opens_nothing_by_opening() -> None:
    relay = opens(replace(CLOSED, desired=Desired.OPEN))
    assert (relay.observed, relay.openings, relay.is_open_unasked) == (Observed.OPEN, 0, False)


def test_an_answer_that_is_lost_is_not_waited_for_by_that_pause() -> None:
    relay = opens(CLOSED)
    ready = NOW + 15 * MINUTES
    lost = after_silence(
        asked(relay, RelayAction.RECONNECT, at=ready), limits=LIMITS, now=ready + MINUTES
    )
    assert lost.observed is Observed.UNKNOWN
    assert step(lost, at=ready + MINUTES).action is RelayAction.RECONNECT


@pytest.mark.parametrize("ends", ["silence", "refusal", "failure"])
def test_who_opens_it_while_a_command_is_out_is_heeded_however_that_ends(ends: str) -> None:
    """The relay was closed, its answer was lost, and a minute later somebody opened it."""
    out = asked(replace(CLOSED, observed=Observed.OPEN), RelayAction.RECONNECT, at=NOW)
    relay = opens(replace(out, observed=Observed.UNKNOWN), at=NOW + MINUTES)
    now = NOW + 2 * MINUTES
    if ends == "silence":
        relay = after_silence(relay, limits=LIMITS, now=now)
    else:
        told = CommandProgress(
            command_id=UUID(int=1),
            meter_id="m-1",
            status=CommandStatus.FAILED,
            relay=OPEN if ends == "refusal" else None,
            detail="",
            at=now,
        )
        relay = after_progress(relay, told, now=now)
    assert relay.outstanding is None
    assert step(relay, at=now) == Step(
        waits=Waits.OPENED_AT_METER, again_at=NOW + MINUTES + timedelta(minutes=15)
    )


def test_openings_of_long_ago_do_not_count_where_the_limiter_trips() -> None:
    """Nor does the limiter keep them young."""
    relay = replace(closes(opens(CLOSED), at=NOW + MINUTES), openings=3)
    later = NOW + timedelta(days=30)
    tripped = after_limiter(relay, OPEN, at=later)
    assert (tripped.openings, step(tripped, at=later).waits) == (0, Waits.OPENED_AT_METER)
    relay = opens(CLOSED)
    for hours in range(1, 24):
        relay = after_report(relay, RelayState.CLOSED, at=NOW + timedelta(hours=hours))
        relay = after_limiter(relay, OPEN, at=NOW + timedelta(hours=hours, minutes=1))
    relay = after_report(relay, RelayState.CLOSED, at=NOW + timedelta(hours=24))
    assert opens(relay, at=NOW + timedelta(hours=25)).openings == 1


@pytest.mark.parametrize("observed", [Observed.LIMITED, Observed.UNKNOWN])
def test_wherever_it_was_before_it_opened(observed: Observed) -> None:
    relay = opens(replace(CLOSED, observed=observed, desired=Desired.LIMITED, limit_w=300))
    assert (relay.openings, step(relay).waits) == (1, Waits.OPENED_AT_METER)
