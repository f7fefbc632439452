"""What is told of holds and undos, and what is shown of them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from prepay_ledger.breakers.values import CutHold, CutUndo, Scope, UndoState
from prepay_ledger.fields import InstantField
from prewatt_common.contracts.ledger_facts_v1 import CutScope
from prewatt_common.http.fields import PRINTABLE, Reason


class ScopeIn(Reason):
    """Whose cuts: of all accounts, or of those of the tariff or area of that name."""

    scope: CutScope
    name: Annotated[str, Field(max_length=100, pattern=PRINTABLE)] | None = None

    @model_validator(mode="after")
    def _named_or_all(self) -> Self:
        if (self.scope is CutScope.ALL) != (self.name is None):
            message = "give the name of the tariff or the area; for all accounts, none"
            raise ValueError(message)
        return self

    @property
    def value(self) -> Scope:
        """Both together."""
        return Scope(self.scope, self.name or "")


class HoldIn(ScopeIn):
    """Until when cuts are held; none: until a person ends it."""

    until: InstantField | None = None


class UndoIn(ScopeIn):
    """From when on, and until when (none: now), the cuts were issued that were a mistake."""

    since: InstantField
    until: InstantField | None = None


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class TripOut(BaseModel):
    """What tripped the fleet breaker: more accounts of the scope came to be cut within a minute."""

    scope: CutScope
    name: str | None
    wanted: int
    trip_per_min: int


class HoldOut(BaseModel):
    """A hold of cuts. ``trip``: why the fleet breaker made it; none where a person did."""

    id: UUID
    scope: CutScope
    name: str | None
    until: datetime | None
    placed: DecidedOut
    trip: TripOut | None
    ended: DecidedOut | None


class UndoOut(BaseModel):
    """Cuts that are undone. ``accounts``: of how many; ``dark``: at how many of these a relay had
    opened when it was drafted."""

    id: UUID
    state: UndoState
    scope: CutScope
    name: str | None
    since: datetime
    until: datetime
    accounts: int
    dark: int
    drafted: DecidedOut
    released: DecidedOut | None
    withdrawn: DecidedOut | None
    ended: DecidedOut | None


class UndoneAccountOut(BaseModel, from_attributes=True):
    """An account whose cut is undone: when it was cut first, whether it had gone dark when that was
    drafted, and how it stands now. Money: integer micro-units."""

    account_id: UUID
    number: str
    cut_at: datetime
    was_dark: bool
    supply_state: str
    balance_micro: int
    currency: str


def hold_out(hold: CutHold) -> HoldOut:
    """As it is shown."""
    trip = hold.trip
    return HoldOut(
        id=hold.id,
        scope=hold.scope.kind,
        name=hold.scope.name or None,
        until=hold.until,
        placed=DecidedOut.model_validate(hold.placed),
        trip=None
        if trip is None
        else TripOut(
            scope=trip.scope.kind,
            name=trip.scope.name or None,
            wanted=trip.wanted,
            trip_per_min=trip.trip_per_min,
        ),
        ended=None if hold.ended is None else DecidedOut.model_validate(hold.ended),
    )


def undo_out(undo: CutUndo) -> UndoOut:
    """As it is shown."""
    return UndoOut(
        id=undo.id,
        state=undo.state,
        scope=undo.scope.kind,
        name=undo.scope.name or None,
        since=undo.since,
        until=undo.until,
        accounts=undo.accounts,
        dark=undo.dark,
        drafted=DecidedOut.model_validate(undo.drafted),
        released=None if undo.released is None else DecidedOut.model_validate(undo.released),
        withdrawn=None if undo.withdrawn is None else DecidedOut.model_validate(undo.withdrawn),
        ended=None if undo.ended is None else DecidedOut.model_validate(undo.ended),
    )
