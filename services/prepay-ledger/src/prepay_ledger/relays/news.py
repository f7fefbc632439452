"""What is heard of a relay, and what silence means: pure."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from prepay_ledger.relays.command_progress import FINISHED_RANK, RANK
from prepay_ledger.relays.values import (
    ACTION,
    OBSERVED,
    THERE,
    CommandProgress,
    Limits,
    Observed,
    ObservedFrom,
    Relay,
)
from prewatt_common.contracts.base import CommandStatus, Presence, RelayState


def after_progress(relay: Relay, progress: CommandProgress) -> Relay:
    """``relay`` once ``progress`` of one of its commands is known.

    A relay that was read back is where it was read, whichever command the answer is for, unless
    something newer is known. A command that ends without that leaves nobody the wiser. Only the end
    of the outstanding command lets the next one go.
    """
    if RANK[progress.status] < FINISHED_RANK:
        return relay
    if progress.relay is not None:
        relay = _seen(relay, progress.relay, at=progress.at, by=ObservedFrom.ANSWER)
    outstanding = relay.outstanding
    if outstanding is None or outstanding.command_id != progress.command_id:
        return relay
    relay = replace(relay, outstanding=None)
    if progress.status is CommandStatus.SUCCEEDED and relay.observed in THERE[relay.desired]:
        return _in_order(relay)
    if progress.relay is None:
        relay = _unknown(relay, at=progress.at)
    return replace(relay, failures=relay.failures + 1, failed_at=progress.at, refused=True)


def after_report(
    relay: Relay, state: RelayState, *, at: datetime, by: ObservedFrom = ObservedFrom.REPORT
) -> Relay:
    """``relay`` once its meter has told of itself where it is."""
    return _seen(relay, state, at=at, by=by)


def lost_at(relay: Relay, *, limits: Limits) -> datetime | None:
    """When the outstanding command counts as lost; none where there is none. A meter that is away
    answers when it is back, and is given its time then."""
    outstanding = relay.outstanding
    if outstanding is None:
        return None
    if relay.presence is Presence.OFFLINE:
        return outstanding.expires_at
    at = outstanding.deadline_at
    if relay.presence_at is not None and relay.presence_at > outstanding.issued_at:
        at = max(at, relay.presence_at + timedelta(seconds=limits.answer_within_s))
    return min(at, outstanding.expires_at)


def after_silence(relay: Relay, *, limits: Limits, now: datetime) -> Relay:
    """``relay`` at ``now``: a command that was not answered in its time is lost. It, or its answer:
    so the next one may go at once, and nobody knows where the relay is."""
    at = lost_at(relay, limits=limits)
    if at is None or now < at:
        return relay
    return _unknown(
        replace(
            relay,
            outstanding=None,
            failures=relay.failures + 1,
            failed_at=at,
            refused=False,
        ),
        at=at,
    )


def _seen(relay: Relay, state: RelayState, *, at: datetime, by: ObservedFrom) -> Relay:
    if relay.observed_at is not None and at < relay.observed_at:
        return relay
    relay = replace(relay, observed=OBSERVED[state], observed_at=at, observed_from=by)
    # Perhaps it answers the command before, which was taken for lost: what was issued anew since,
    # and asks for the same, moves nothing.
    asks_for_it = relay.outstanding and relay.outstanding.action is ACTION[relay.desired]
    if asks_for_it and relay.observed in THERE[relay.desired]:
        return _in_order(replace(relay, outstanding=None))
    return relay


def _in_order(relay: Relay) -> Relay:
    return replace(relay, failures=0, failed_at=None, refused=False)


def _unknown(relay: Relay, *, at: datetime) -> Relay:
    """An answer that came while the command was out tells where the relay was then, not now."""
    return replace(
        relay,
        observed=Observed.UNKNOWN,
        observed_at=max(at, relay.observed_at or at),
        observed_from=ObservedFrom.SILENCE,
    )
