"""The next step that brings a meter's relay where it should be: pure."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from prepay_ledger.relays.news import look_at
from prepay_ledger.relays.values import ACTION, Limits, Relay
from prewatt_common.contracts.base import Presence, RelayAction


class Waits(StrEnum):
    """What a relay that is not where it should be waits for."""

    ANSWER = "answer"
    CUT_IS_HELD = "cut_is_held"
    """Account, calendar or evidence holds it."""
    METER_IS_AWAY = "meter_is_away"
    NOT_READ_SINCE_RETURN = "not_read_since_return"
    PAUSE = "pause"
    OPENED_AT_METER = "opened_at_meter"
    """It opened unasked: whoever did that may be at work behind it, so it is closed again only
    after a pause."""
    OPENS_AGAIN = "opens_again"
    """So often that only a person who has seen to it lets it be closed."""
    GIVEN_UP = "given_up"
    """So many attempts failed that a person has to go there. It is tried again once the meter is
    heard of anew."""


FOR_SAFETY = frozenset({Waits.OPENED_AT_METER, Waits.OPENS_AGAIN})
"""All that ever holds what gives supply back."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a relay: command it, wait, or nothing (it is where it should be)."""

    action: RelayAction | None = None
    expires_at: datetime | None = None
    """Of the command: until when it may be carried out."""
    deadline_at: datetime | None = None
    """Of the command: when it counts as lost, if it is sent at once."""
    waits: Waits | None = None
    again_at: datetime | None = None
    """When to look again, if nothing is heard before."""

    @property
    def is_rest(self) -> bool:
        """The relay is where it should be, and nothing is on its way that would move it."""
        return self.action is None and self.waits is None


REST = Step()


def next_step(
    relay: Relay, *, may_cut: bool, cut_not_after: datetime | None, limits: Limits, now: datetime
) -> Step:
    """``relay``: as it is at ``now`` (`after_silence`). ``may_cut``: nothing holds a cut of its
    account now; ``cut_not_after``: when that begins to be otherwise, if it is known.

    Nothing holds what gives supply back, not the hour, not a meter that is away, but the safety of
    whoever is behind a relay that opened unasked.
    """
    action = ACTION[relay.desired]
    is_cut = relay.loses_supply(action, relay.limit_w)
    outstanding = relay.outstanding
    if relay.is_asked:
        return Step(waits=Waits.ANSWER, again_at=look_at(relay, limits=limits, now=now))
    # What is on its way the other way may still be carried out: only a newer command ends that.
    if outstanding is None and relay.is_there:
        return REST
    if is_cut:
        waits = _cut_waits(relay, may_cut=may_cut, limits=limits, now=now)
    else:
        waits = _opened_waits(relay, action, limits=limits, now=now)
    waits = waits or _failed_waits(relay, limits, is_cut=is_cut, now=now)
    if waits is not None:
        return waits
    if is_cut:
        expires_at = now + timedelta(seconds=limits.cut_lifetime_s)
        expires_at = min(expires_at, cut_not_after or expires_at)
    else:
        expires_at = now + timedelta(seconds=limits.lifetime_s)
    answer_by = now + limits.doubled(limits.answer_within_s, failures_of(relay))
    return Step(action=action, expires_at=expires_at, deadline_at=min(answer_by, expires_at))


def _opened_waits(
    relay: Relay, action: RelayAction, *, limits: Limits, now: datetime
) -> Step | None:
    """None: it may be asked. To arm it closes nothing: the customer does, who says by that that it
    is safe."""
    if not relay.is_open_unasked or relay.outstanding is not None:
        return None
    if relay.openings >= limits.openings_max:
        return Step(waits=Waits.OPENS_AGAIN)
    if action is RelayAction.ARM or relay.opened_at is None:
        return None
    times = max(relay.openings - 1, 0)
    ready_at = relay.opened_at + limits.doubled(limits.reclose_after_s, times)
    return Step(waits=Waits.OPENED_AT_METER, again_at=ready_at) if now < ready_at else None


def _failed_waits(relay: Relay, limits: Limits, *, is_cut: bool, now: datetime) -> Step | None:
    """None: it may be asked. What is on its way the other way is superseded whatever failed."""
    failures = failures_of(relay)
    if not failures or relay.outstanding is not None:
        return None
    if failures >= limits.attempts_max:
        again_at = _after_giving_up(relay, limits, is_cut=is_cut)
        if again_at is None or now < again_at:
            return Step(waits=Waits.GIVEN_UP, again_at=again_at)
    if relay.refused and relay.failed_at is not None:
        ready_at = relay.failed_at + limits.doubled(limits.first_pause_s, failures - 1)
        if now < ready_at:
            return Step(waits=Waits.PAUSE, again_at=ready_at)
    return None


def _after_giving_up(relay: Relay, limits: Limits, *, is_cut: bool) -> datetime | None:
    """Whoever is to have supply is not left dark by a work order that nobody sees to: their relay
    is asked now and then. A cut is not."""
    if is_cut or relay.failed_at is None:
        return None
    return relay.failed_at + timedelta(seconds=limits.longest_pause_s)


def failures_of(relay: Relay) -> int:
    """How many in a row have failed since the meter was last heard of anew."""
    is_back = (
        relay.presence is Presence.ONLINE
        and relay.presence_at is not None
        and relay.failed_at is not None
        and relay.presence_at >= relay.failed_at
    )
    return 0 if is_back else relay.failures


def _cut_waits(relay: Relay, *, may_cut: bool, limits: Limits, now: datetime) -> Step | None:
    """None: the meter may be cut. One that was away is cut on what it has told since it is back,
    not on what was known before."""
    if not may_cut:
        return Step(waits=Waits.CUT_IS_HELD)
    if relay.presence is Presence.OFFLINE:
        return Step(waits=Waits.METER_IS_AWAY)
    back_at = relay.back_at
    if back_at is not None and (relay.read_at is None or relay.read_at < back_at):
        return Step(
            waits=Waits.NOT_READ_SINCE_RETURN,
            again_at=now + timedelta(seconds=limits.look_after_return_s),
        )
    return None
