"""The next step of a relay: tables, and that steps lead where they should whatever is lost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from prepay_ledger.relays.news import after_progress, after_report, after_silence
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
from prewatt_common.contracts.base import CommandStatus, Presence, RelayAction, RelayState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits(answer_within_s=30)
CUT, BACK, ARM = RelayAction.DISCONNECT, RelayAction.RECONNECT, RelayAction.ARM
D, Ob = Desired, Observed


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def relay(desired: Desired, observed: Observed, **changes: object) -> Relay:
    return replace(
        Relay(meter_id="m-1", desired=desired, observed=observed),
        **changes,
    )


def out(
    action: RelayAction,
    *,
    issued_s_ago: float = 1,
    deadline_in_s: float = 14,
    is_sent: bool = True,
) -> Outstanding:
    return Outstanding(
        command_id=UUID(int=1),
        action=action,
        issued_at=ago(issued_s_ago),
        deadline_at=later(deadline_in_s),
        expires_at=later(50),
        sent_at=ago(issued_s_ago) if is_sent else None,
    )


def waits(for_: Waits, again_at: datetime | None = None) -> Step:
    return Step(waits=for_, again_at=again_at)


def cut(*, life_s: float = 60, answer_s: float = 30) -> Step:
    return Step(action=CUT, expires_at=later(life_s), deadline_at=later(answer_s))


def back(answer_s: float = 30, action: RelayAction = BACK) -> Step:
    return Step(action=action, expires_at=later(24 * 3600), deadline_at=later(answer_s))


AWAY = {"presence": Presence.OFFLINE, "presence_at": ago(30)}


@pytest.mark.parametrize(
    ("given_relay", "step"),
    [
        # where it should be
        (relay(D.CLOSED, Ob.CLOSED), REST),
        (relay(D.OPEN, Ob.OPEN), REST),
        (relay(D.ARMED, Ob.ARMED), REST),
        (relay(D.ARMED, Ob.CLOSED), REST),
        # not there
        (relay(D.CLOSED, Ob.OPEN), back()),
        (relay(D.CLOSED, Ob.ARMED), back()),
        (relay(D.CLOSED, Ob.UNKNOWN), back()),
        (relay(D.OPEN, Ob.CLOSED), cut()),
        (relay(D.OPEN, Ob.ARMED), cut()),
        (relay(D.OPEN, Ob.UNKNOWN), cut()),
        (relay(D.ARMED, Ob.OPEN), back(action=ARM)),
        (relay(D.ARMED, Ob.UNKNOWN), back(action=ARM)),
        # under way
        (relay(D.OPEN, Ob.CLOSED, outstanding=out(CUT)), waits(Waits.ANSWER, later(14))),
        (relay(D.CLOSED, Ob.OPEN, outstanding=out(BACK)), waits(Waits.ANSWER, later(14))),
        # what is under way is not wanted any more, wherever the relay is
        (relay(D.CLOSED, Ob.CLOSED, outstanding=out(CUT)), back()),
        (relay(D.CLOSED, Ob.CLOSED, outstanding=out(CUT), failures=99), back(3600)),
        (relay(D.OPEN, Ob.OPEN, outstanding=out(BACK)), cut()),
        # after a failure
        (relay(D.CLOSED, Ob.OPEN, failures=1, refused=True, failed_at=ago(55)),
         waits(Waits.PAUSE, later(5))),
        (relay(D.CLOSED, Ob.OPEN, failures=1, refused=True, failed_at=ago(60)), back(60)),
        (relay(D.CLOSED, Ob.OPEN, failures=1), back(60)),
        (relay(D.OPEN, Ob.CLOSED, failures=3), cut(answer_s=60)),
        (relay(D.CLOSED, Ob.OPEN, failures=8), waits(Waits.GIVEN_UP)),
        (relay(D.CLOSED, Ob.OPEN, failures=8, failed_at=ago(60), presence=Presence.ONLINE,
               presence_at=ago(90)), waits(Waits.GIVEN_UP, later(3540))),
        (relay(D.CLOSED, Ob.OPEN, failures=8, failed_at=ago(3600)), back(3600)),
        (relay(D.OPEN, Ob.CLOSED, failures=8, failed_at=ago(9999)), waits(Waits.GIVEN_UP)),
        # heard of anew since: all begins again
        (relay(D.CLOSED, Ob.OPEN, failures=8, failed_at=ago(60), refused=True,
               presence=Presence.ONLINE, presence_at=ago(1)), back()),
        # away: a reconnection waits for it, a cut is not even issued
        (relay(D.CLOSED, Ob.OPEN, **AWAY), back()),
        # its time to answer begins as it comes back, and ends with the command
        (relay(D.CLOSED, Ob.OPEN, outstanding=out(BACK), **AWAY), waits(Waits.ANSWER, later(50))),
        (relay(D.CLOSED, Ob.OPEN, outstanding=out(BACK, issued_s_ago=9), presence=Presence.ONLINE,
               presence_at=ago(2)), waits(Waits.ANSWER, later(28))),
        (relay(D.CLOSED, Ob.OPEN, outstanding=out(BACK), presence=Presence.ONLINE,
               presence_at=ago(2)), waits(Waits.ANSWER, later(14))),
        (relay(D.OPEN, Ob.CLOSED, **AWAY), waits(Waits.METER_IS_AWAY)),
        # back: it is cut on what it has told since
        (relay(D.OPEN, Ob.CLOSED, presence=Presence.ONLINE, back_at=ago(5)),
         waits(Waits.NOT_READ_SINCE_RETURN, later(60))),
        (relay(D.OPEN, Ob.CLOSED, presence=Presence.ONLINE, back_at=ago(5), read_at=ago(9)),
         waits(Waits.NOT_READ_SINCE_RETURN, later(60))),
        (relay(D.OPEN, Ob.CLOSED, presence=Presence.ONLINE, back_at=ago(5), read_at=ago(4)), cut()),
        (relay(D.CLOSED, Ob.OPEN, presence=Presence.ONLINE, back_at=ago(5)), back()),
    ],
)  # fmt: skip
def test_steps(given_relay: Relay, step: Step) -> None:
    found = next_step(given_relay, may_cut=True, cut_not_after=None, limits=LIMITS, now=NOW)
    assert found == step


def test_a_cut_lives_until_it_is_held_and_is_not_issued_while_it_is() -> None:
    closed = relay(D.OPEN, Ob.CLOSED)
    held = next_step(closed, may_cut=False, cut_not_after=None, limits=LIMITS, now=NOW)
    assert held == waits(Waits.CUT_IS_HELD)
    short = next_step(closed, may_cut=True, cut_not_after=later(7), limits=LIMITS, now=NOW)
    assert short == cut(life_s=7, answer_s=7)


@pytest.mark.parametrize("observed", Observed)
@pytest.mark.parametrize("presence", [None, *Presence])
def test_nothing_holds_a_reconnection(observed: Observed, presence: Presence | None) -> None:
    given_relay = relay(D.CLOSED, observed, presence=presence, back_at=ago(1))
    found = next_step(given_relay, may_cut=False, cut_not_after=NOW, limits=LIMITS, now=NOW)
    assert found.action is (None if observed is Ob.CLOSED else BACK)


def told(
    status: CommandStatus, state: RelayState | None = None, *, of: int = 1, at: datetime = NOW
) -> CommandProgress:
    return CommandProgress(
        command_id=UUID(int=of), meter_id="m-1", status=status, relay=state, detail="", at=at
    )


CS, RS = CommandStatus, RelayState


@pytest.mark.parametrize(
    ("progress", "observed", "is_out", "failures"),
    [
        (told(CS.SENT), Ob.CLOSED, True, 2),
        (told(CS.ACKNOWLEDGED), Ob.CLOSED, True, 2),
        (told(CS.SUCCEEDED, RS.OPEN), Ob.OPEN, False, 0),
        (told(CS.FAILED, RS.CLOSED), Ob.CLOSED, False, 3),
        (told(CS.REJECTED, RS.ARMED), Ob.ARMED, False, 3),
        (told(CS.FAILED), Ob.UNKNOWN, False, 3),
        (told(CS.EXPIRED), Ob.UNKNOWN, False, 3),
        # of another command: it tells where the relay is, and no more
        (told(CS.SUCCEEDED, RS.CLOSED, of=9), Ob.CLOSED, True, 2),
        # of the one before, which was taken for lost: this one moves nothing any more
        (told(CS.SUCCEEDED, RS.OPEN, of=9), Ob.OPEN, False, 0),
        (told(CS.EXPIRED, of=9), Ob.CLOSED, True, 2),
        (told(CS.SUPERSEDED, of=9), Ob.CLOSED, True, 2),
        # older than what is known
        (told(CS.SUCCEEDED, RS.OPEN, of=9, at=ago(9)), Ob.CLOSED, True, 2),
    ],
)
def test_what_answers_tell(
    progress: CommandProgress, observed: Observed, is_out: bool, failures: int
) -> None:
    before = relay(D.OPEN, Ob.CLOSED, observed_at=ago(5), outstanding=out(CUT), failures=2)
    after = after_progress(before, progress, now=NOW)
    assert (after.observed, after.outstanding is not None, after.failures) == (
        observed,
        is_out,
        failures,
    )


def test_a_failure_is_followed_by_a_pause_that_doubles() -> None:
    failed = relay(D.OPEN, Ob.CLOSED)
    pauses: list[float] = []
    for _ in range(9):
        failed = replace(failed, outstanding=out(CUT))
        failed = after_progress(failed, told(CS.FAILED, RS.CLOSED), now=NOW)
        step = next_step(
            failed, may_cut=True, cut_not_after=None, limits=Limits(attempts_max=99), now=NOW
        )
        assert step.waits is Waits.PAUSE
        assert step.again_at is not None
        pauses.append((step.again_at - NOW).total_seconds())
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_silence_is_lost_at_the_deadline_and_not_before() -> None:
    sent = relay(D.OPEN, Ob.CLOSED, outstanding=out(CUT, deadline_in_s=1), failures=1)
    assert after_silence(sent, limits=LIMITS, now=NOW) == sent
    lost = after_silence(sent, limits=LIMITS, now=later(1))
    assert (lost.observed, lost.outstanding, lost.failures) == (Ob.UNKNOWN, None, 2)
    assert (lost.refused, lost.failed_at) == (False, later(1))
    assert lost.observed_from is ObservedFrom.SILENCE
    # The answer comes all the same: it tells of an instant before nobody knew.
    assert after_report(lost, RS.OPEN, at=NOW) == lost
    assert after_report(lost, RS.OPEN, at=later(2)).observed is Ob.OPEN


def test_a_command_has_its_time_from_when_it_was_sent() -> None:
    """Where thousands are sent at once, one waits its turn: another would wait behind it."""
    waiting = relay(D.CLOSED, Ob.OPEN, outstanding=out(BACK, deadline_in_s=29, is_sent=False))
    waiting = replace(waiting, outstanding=replace(waiting.outstanding, expires_at=later(9999)))

    def look(now: datetime, of: Relay) -> Step:
        return next_step(of, may_cut=True, cut_not_after=None, limits=LIMITS, now=now)

    assert look(NOW, waiting) == waits(Waits.ANSWER, later(29))
    assert look(later(29), waiting) == waits(Waits.ANSWER, later(59))
    assert after_silence(waiting, limits=LIMITS, now=later(298)) == waiting
    assert look(later(298), waiting) == waits(Waits.ANSWER, later(299))
    assert after_silence(waiting, limits=LIMITS, now=later(299)).failures == 1
    sent = after_progress(waiting, told(CS.SENT), now=later(100))
    assert look(later(100), sent) == waits(Waits.ANSWER, later(130))
    arrived = after_progress(sent, told(CS.ACKNOWLEDGED), now=later(101))
    assert look(later(101), arrived) == waits(Waits.ANSWER, later(131))
    assert after_progress(sent, told(CS.SENT, of=9), now=later(120)) == sent
    # A cut that waits for long is not carried out any more.
    cutting = relay(D.OPEN, Ob.CLOSED, outstanding=out(CUT, deadline_in_s=29, is_sent=False))
    assert look(later(29), cutting) == waits(Waits.ANSWER, later(50))
    assert after_silence(cutting, limits=LIMITS, now=later(50)).failures == 1


@given(
    losses=st.lists(st.sampled_from(["answer", "command", "none", "refused"]), max_size=7),
    desired=st.sampled_from([D.CLOSED, D.OPEN]),
    really=st.booleans(),
)
def test_a_relay_comes_where_it_should_be_whatever_is_lost(
    losses: list[str], desired: Desired, really: bool
) -> None:
    """A meter that is there, and a network that loses what it likes: as soon as it loses nothing,
    relay and ledger agree."""
    known, is_open, now, number = Relay(meter_id="m-1", desired=desired), really, NOW, 0
    known = replace(known, observed=Ob.OPEN if really else Ob.CLOSED)
    for loss in [*losses, *["none"] * 9]:
        known = after_silence(known, limits=LIMITS, now=now)
        step = next_step(known, may_cut=True, cut_not_after=None, limits=LIMITS, now=now)
        if step.action is None:
            assert step == REST or step.again_at is not None
            now = step.again_at or now
            continue
        number += 1
        assert step.deadline_at is not None
        known = replace(
            known,
            outstanding=Outstanding(
                command_id=UUID(int=number),
                action=step.action,
                issued_at=now,
                deadline_at=step.deadline_at,
                expires_at=step.expires_at or now,
                sent_at=now,
            ),
        )
        if loss == "command":
            now = step.deadline_at
            continue
        now += timedelta(seconds=1)
        if loss == "refused":
            answer = told(CS.REJECTED, RS.OPEN if is_open else RS.CLOSED, of=number, at=now)
            known = after_progress(known, answer, now=now)
            continue
        is_open = step.action is CUT
        if loss == "answer":
            now = step.deadline_at
            continue
        answer = told(CS.SUCCEEDED, RS.OPEN if is_open else RS.CLOSED, of=number, at=now)
        known = after_progress(known, answer, now=now)
    step = next_step(known, may_cut=True, cut_not_after=None, limits=LIMITS, now=now)
    assert step == REST
    assert is_open is (desired is D.OPEN)
