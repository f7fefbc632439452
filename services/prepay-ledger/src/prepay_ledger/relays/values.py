"""A meter's relay as the ledger sees it, and what may be done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import CommandStatus, Presence, RelayAction, RelayState

Count = Annotated[int, msgspec.Meta(ge=0)]


class Desired(StrEnum):
    """Where a relay should be. Armed: the customer may close it by the meter's button. Limited:
    closed, and its meter lets through no more than so many watts."""

    CLOSED = "closed"
    OPEN = "open"
    ARMED = "armed"
    LIMITED = "limited"


class Observed(StrEnum):
    """Where a relay is, as far as is known."""

    CLOSED = "closed"
    """Also of a meter that was never told anything: it was installed so."""
    OPEN = "open"
    ARMED = "armed"
    LIMITED = "limited"
    UNKNOWN = "unknown"
    """Something was asked of it and no answer came."""


OBSERVED = {
    RelayState.OPEN: Observed.OPEN,
    RelayState.CLOSED: Observed.CLOSED,
    RelayState.ARMED: Observed.ARMED,
    RelayState.LIMITED: Observed.LIMITED,
}
ACTION = {
    Desired.CLOSED: RelayAction.RECONNECT,
    Desired.OPEN: RelayAction.DISCONNECT,
    Desired.ARMED: RelayAction.ARM,
    Desired.LIMITED: RelayAction.LIMIT,
}
"""What brings a relay there."""
THERE = {
    Desired.CLOSED: frozenset({Observed.CLOSED}),
    Desired.OPEN: frozenset({Observed.OPEN}),
    # The customer may have pressed the button, or was never without supply.
    Desired.ARMED: frozenset({Observed.ARMED, Observed.CLOSED}),
    Desired.LIMITED: frozenset({Observed.LIMITED}),
}
"""Where a relay is as it should be; of one that is limited, see `Relay.is_there`."""
AFTER = {action: THERE[desired] for desired, action in ACTION.items()}
"""Where what was asked leaves it."""


class ObservedFrom(StrEnum):
    """What tells of it."""

    INSTALLED = "installed"
    ANSWER = "answer"
    REPORT = "report"
    LOAD = "load"
    """Energy flows: it cannot be open."""
    VOLTAGE = "voltage"
    """It was to close, and there is voltage behind it."""
    UNASKED = "unasked"
    """It reported that it opened at the meter, by hand, by the button or by itself: no command of
    ours did it."""
    SILENCE = "silence"
    """No answer to a command: nothing is known any more."""


class Outstanding(msgspec.Struct, frozen=True, kw_only=True):
    """The command that a meter has not answered."""

    command_id: UUID
    action: RelayAction
    limit_w: int | None = None
    """With a limit."""
    issued_at: datetime
    deadline_at: datetime
    """So long after it was issued its meter has to answer, once it was sent."""
    sent_at: datetime | None = None
    """When the ledger heard that it was sent, or had arrived: a moment later than it was, but
    what comes after that is heard as much later."""
    expires_at: datetime
    """From here on it is not sent any more, and a cut not carried out."""


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """A meter's relay. A meter that was never told anything has no row: these are its values."""

    meter_id: str
    desired: Desired = Desired.CLOSED
    limit_w: int | None = None
    """Where it should be limited: to how many watts."""
    observed: Observed = Observed.CLOSED
    observed_at: datetime | None = None
    observed_from: ObservedFrom = ObservedFrom.INSTALLED
    observed_limit_w: int | None = None
    """Where it is limited: by the command that the meter answered; none, if nobody knows which."""
    outstanding: Outstanding | None = None
    failures: Count = 0
    """In a row: commands that did not bring the relay where it should be."""
    failed_at: datetime | None = None
    """When the last of them failed."""
    refused: bool = False
    """The last of them was answered; the others got no answer."""
    openings: Count = 0
    """How often it opened unasked, since a day without one or since a person has seen to it."""
    opened_at: datetime | None = None
    """When it did so the last time; its limiter counts here, and not in ``openings``."""
    presence: Presence | None = None
    """None: the meter has never said."""
    presence_at: datetime | None = None
    """Since when it is so."""
    back_at: datetime | None = None
    """The end of its last absence that was longer than is borne."""
    read_at: datetime | None = None
    """Of its newest reading."""

    @property
    def is_there(self) -> bool:
        """It was seen where it should be."""
        return self.observed in THERE[self.desired] and (
            self.desired is not Desired.LIMITED or self.observed_limit_w == self.limit_w
        )

    @property
    def is_open_unasked(self) -> bool:
        """It opened unasked, and nothing has closed or asked it since: somebody may be at work on
        the installation, or there is a fault in it."""
        return self.observed_from is ObservedFrom.UNASKED

    @property
    def is_asked(self) -> bool:
        """What is on its way brings it where it should be."""
        outstanding = self.outstanding
        return outstanding is not None and (outstanding.action, outstanding.limit_w) == (
            ACTION[self.desired],
            self.limit_w,
        )

    def loses_supply(self, action: RelayAction, limit_w: int | None) -> bool:
        """``action`` takes supply away from it: what opens it does, and a limit below what it may
        have now, or once what is on its way has arrived."""
        if limit_w is None:
            return action is RelayAction.DISCONNECT
        may_have_w = [_lets_through_w(self.observed, self.observed_limit_w)]
        out = self.outstanding
        if out is not None and out.action is not RelayAction.DISCONNECT:
            may_have_w.append(out.limit_w)
        return any(watts is None or watts > limit_w for watts in may_have_w)


def _lets_through_w(observed: Observed, limit_w: int | None) -> int | None:
    """How much an observed relay may let through; none: any load."""
    if observed is Observed.LIMITED:
        return limit_w
    return 0 if observed is Observed.OPEN else None


QUIET = timedelta(days=1)
"""So long without opening unasked, and what was before counts no more."""
ABSENCE_BORNE = timedelta(seconds=60)
"""A meter that was away for longer is cut only on a reading that it took since it is back."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How a relay is brought where it should be. Seconds."""

    answer_within_s: Annotated[int, msgspec.Meta(ge=1)] = 120
    """Without an answer in this time since it was sent a command counts as lost, if its meter is
    there; doubled with each that fails. The gateway sends a copy before, as soon as it hears the
    meter; and where thousands answer at once, news is late by a minute and more."""
    sent_within_s: Annotated[int, msgspec.Meta(ge=1)] = 300
    """And one that is not sent in this time. It waits in a queue behind many others: another one
    would wait behind it."""
    first_pause_s: Annotated[int, msgspec.Meta(ge=1)] = 60
    """After a meter has refused or failed; doubled with each that fails."""
    longest_pause_s: Annotated[int, msgspec.Meta(ge=1)] = 3_600
    """The most that doubling leads to."""
    attempts_max: Annotated[int, msgspec.Meta(ge=1)] = 8
    """So many in a row and the relay is given up, until its meter is heard of anew."""
    reclose_after_s: Annotated[int, msgspec.Meta(ge=1)] = 900
    """After a relay has opened unasked; doubled with each time."""
    openings_max: Annotated[int, msgspec.Meta(ge=1)] = 3
    """So often, without a day between, and it stays open until a person has seen to it."""
    cut_lifetime_s: Annotated[int, msgspec.Meta(ge=10, le=60)] = 60
    """A cut that its meter has not made by then must not be made any more."""
    lifetime_s: Annotated[int, msgspec.Meta(ge=10)] = 24 * 3_600
    """For so long a reconnection waits for a meter that is away."""
    look_after_return_s: Annotated[int, msgspec.Meta(ge=1)] = 60
    """A meter that came back and was not read since is looked at again after this."""

    def doubled(self, seconds: int, times: int) -> timedelta:
        """``seconds``, doubled ``times``, up to the longest pause."""
        return timedelta(seconds=min(seconds * 2 ** min(times, 30), self.longest_pause_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A relay command to be issued with a decision."""

    id: UUID
    decision_id: UUID
    account_id: UUID
    meter_id: str
    action: RelayAction
    limit_w: int | None = None
    sequence: int
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime
    key_id: str | None
    """Of the key that signs it; none: the one that meters are made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandProgress:
    """A command moved on."""

    command_id: UUID
    meter_id: str
    status: CommandStatus
    relay: RelayState | None
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandRecorded:
    """A command's row after progress was recorded."""

    account_id: UUID
    action: RelayAction
    status: CommandStatus
    caused_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A meter came or went."""

    meter_id: str
    presence: Presence
    at: datetime


Serving = Mapping[str, UUID]
"""Meter to the account that it serves now."""
