"""What is heard of a relay, and what silence means: pure."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from prepay_ledger.relays.command_progress import FINISHED_RANK, RANK
from prepay_ledger.relays.values import (
    OBSERVED,
    QUIET,
    CommandProgress,
    Desired,
    Limits,
    Observed,
    ObservedFrom,
    Relay,
)
from prewatt_common.contracts.base import CommandStatus, Presence, RelayState

KEPT_IS_SENT = timedelta(seconds=60)
"""So long after it came back a meter has sent what it had kept."""


def after_progress(relay: Relay, progress: CommandProgress, *, now: datetime) -> Relay:
    """``relay`` once ``progress`` of one of its commands is known, at ``now``.

    A relay that was read back is where it was read, whichever command the answer is for, unless
    something newer is known. A command that ends without that leaves nobody the wiser. Only the end
    of the outstanding command lets the next one go.
    """
    outstanding = relay.outstanding
    answers = outstanding is not None and outstanding.command_id == progress.command_id
    if RANK[progress.status] < FINISHED_RANK:
        if outstanding is None or not answers or RANK[progress.status] < RANK[CommandStatus.SENT]:
            return relay
        return replace(relay, outstanding=replace(outstanding, sent_at=now))
    if progress.relay is not None:
        is_done = answers and progress.status is CommandStatus.SUCCEEDED
        limit_w = outstanding.limit_w if outstanding is not None and is_done else None
        relay = _seen(
            relay, progress.relay, at=progress.at, by=ObservedFrom.ANSWER, limit_w=limit_w
        )
    if outstanding is None or not answers:
        return relay
    relay = replace(relay, outstanding=None)
    if progress.status is CommandStatus.SUCCEEDED and relay.is_there:
        return _in_order(relay)
    if progress.relay is None:
        relay = _unknown(relay, asked_at=outstanding.issued_at, at=progress.at)
    return replace(relay, failures=relay.failures + 1, failed_at=progress.at, refused=True)


def after_report(
    relay: Relay, state: RelayState, *, at: datetime, by: ObservedFrom = ObservedFrom.REPORT
) -> Relay:
    """``relay`` once its meter has told of itself where it is. ``by`` is ``UNASKED`` where no
    command moved it: that is kept where it opens, and is to be closed."""
    opens = state in _OPEN and relay.desired is not Desired.OPEN
    if by is not ObservedFrom.UNASKED or not opens:
        by = ObservedFrom.REPORT if by is ObservedFrom.UNASKED else by
        return _seen(relay, state, at=at, by=by)
    is_closed_since = relay.observed is Observed.CLOSED and at == relay.opened_at
    if relay.opened_at is not None and at <= relay.opened_at and not is_closed_since:
        # It was told before; one that closed and opens again may do so in one second of its clock.
        return relay
    return _opened(_seen(relay, state, at=at, by=by), before=relay, at=at)


def after_limiter(relay: Relay, state: RelayState, *, at: datetime) -> Relay:
    """``relay`` once its meter's own limiter has moved it. Where a limit is set, as far as is
    known, that is how it limits, and the relay stays limited; else it is open or closed. It closes
    by itself: it is left time for that, and however often it opens, that is no fault."""
    may_be_limited = relay.observed is Observed.LIMITED or (
        relay.observed is Observed.UNKNOWN and relay.desired is Desired.LIMITED
    )
    if may_be_limited:
        return relay
    after = after_report(relay, state, at=at, by=ObservedFrom.UNASKED)
    if after.opened_at == relay.opened_at:
        return after
    if after.openings == 1:
        return replace(after, openings=0)
    return replace(after, openings=relay.openings, opened_at=relay.opened_at)


def told_at(relay: Relay, *, at: datetime, received_at: datetime | None, now: datetime) -> datetime:
    """When a report counts that its meter dates ``at``. A meter may have kept it while it was away,
    and sends it as it comes back: then its own clock is all there is. One that is there for longer
    tells at once: when that reached the gateway counts, wherever the meter's clock is."""
    is_kept = (
        received_at is None
        or relay.presence is not Presence.ONLINE
        or relay.presence_at is None
        or received_at < relay.presence_at + KEPT_IS_SENT
    )
    return min(at if is_kept or received_at is None else received_at, now)


def lost_at(relay: Relay, *, limits: Limits) -> datetime | None:
    """When the outstanding command counts as lost; none where there is none. A meter has its time
    from when it was sent; one that is away answers when it is back, and is given its time then."""
    outstanding = relay.outstanding
    if outstanding is None:
        return None
    if relay.presence is Presence.OFFLINE:
        return outstanding.expires_at
    if outstanding.sent_at is None:
        at = outstanding.issued_at + timedelta(seconds=limits.sent_within_s)
    else:
        at = outstanding.sent_at + (outstanding.deadline_at - outstanding.issued_at)
    if relay.presence_at is not None and relay.presence_at > outstanding.issued_at:
        at = max(at, relay.presence_at + timedelta(seconds=limits.answer_within_s))
    return min(at, outstanding.expires_at)


def look_at(relay: Relay, *, limits: Limits, now: datetime) -> datetime | None:
    """When to look whether the outstanding command is lost. That it was sent sets its time, and is
    no reason to look: so it is looked as often as if it had been sent at once."""
    at, outstanding = lost_at(relay, limits=limits), relay.outstanding
    if at is None or outstanding is None or outstanding.sent_at is not None:
        return at
    if relay.presence is Presence.OFFLINE:
        return at
    usual = outstanding.deadline_at
    if now >= usual:
        usual = now + timedelta(seconds=limits.answer_within_s)
    return min(at, usual)


def after_silence(relay: Relay, *, limits: Limits, now: datetime) -> Relay:
    """``relay`` at ``now``: a command that was not answered in its time is lost. It, or its answer:
    so the next one may go at once, and nobody knows where the relay is."""
    at, outstanding = lost_at(relay, limits=limits), relay.outstanding
    if at is None or outstanding is None or now < at:
        return relay
    return _unknown(
        replace(
            relay,
            outstanding=None,
            failures=relay.failures + 1,
            failed_at=at,
            refused=False,
        ),
        asked_at=outstanding.issued_at,
        at=at,
    )


def tried_anew(relay: Relay) -> Relay:
    """``relay`` once a person asks for it: what failed before says nothing any more."""
    return _in_order(relay)


def seen_to(relay: Relay) -> Relay:
    """``relay`` once a person has found that it may be closed: nor does how often it opened."""
    observed_from = ObservedFrom.REPORT if relay.is_open_unasked else relay.observed_from
    return replace(_in_order(relay), openings=0, opened_at=None, observed_from=observed_from)


_OPEN = (RelayState.OPEN, RelayState.ARMED)


def _opened(relay: Relay, *, before: Relay, at: datetime) -> Relay:
    if relay.observed_at != at or before.is_open_unasked:
        # Something newer is known, or it is open already.
        return relay
    is_anew = before.opened_at is None or at - before.opened_at >= QUIET
    openings = 1 if is_anew else before.openings + 1
    # What failed before was about something else.
    return replace(_in_order(relay), openings=openings, opened_at=at)


def _seen(
    relay: Relay, state: RelayState, *, at: datetime, by: ObservedFrom, limit_w: int | None = None
) -> Relay:
    """``limit_w``: what a command that was answered has limited it to. Whoever does not say it
    leaves it as it was, while the relay stays limited."""
    if relay.observed_at is not None and at < relay.observed_at:
        return relay
    observed = OBSERVED[state]
    told = (ObservedFrom.REPORT, ObservedFrom.ANSWER)
    if by in told and relay.is_open_unasked and state in _OPEN:
        by = ObservedFrom.UNASKED
    if observed is not Observed.LIMITED:
        limit_w = None
    elif limit_w is None:
        limit_w = relay.observed_limit_w
    relay = replace(
        relay,
        observed=observed,
        observed_at=at,
        observed_from=by,
        observed_limit_w=limit_w,
    )
    # Perhaps it answers the command before, which was taken for lost: what was issued anew since,
    # and asks for the same, moves nothing.
    if relay.is_asked and relay.is_there:
        return _in_order(replace(relay, outstanding=None))
    return relay


def _in_order(relay: Relay) -> Relay:
    return replace(relay, failures=0, failed_at=None, refused=False)


def _unknown(relay: Relay, *, asked_at: datetime, at: datetime) -> Relay:
    """An answer that came while the command was out tells where the relay was then, not now. But
    that it opened unasked meanwhile is heeded: whoever did that may still be there."""
    if relay.is_open_unasked and relay.opened_at is not None and relay.opened_at > asked_at:
        return relay
    return replace(
        relay,
        observed=Observed.UNKNOWN,
        observed_at=max(at, relay.observed_at or at),
        observed_from=ObservedFrom.SILENCE,
        observed_limit_w=None,
    )
