"""Rows of holds and undos, and back."""

from typing import Any, Protocol

from prepay_ledger.breakers.values import CutHold, CutUndo, Scope, Trip, UndoState
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutScope


class Columns(Protocol):
    """A row, of whichever driver: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


HOLDS = """
SELECT h.id, h.scope, h.name, h.held_until, h.tripped_scope, h.tripped_name, h.wanted,
       h.trip_per_min, h.held_by, h.reason, h.at, e.ended_by, e.reason AS end_reason,
       e.at AS ended_at
FROM cut_hold AS h LEFT JOIN cut_hold_end AS e ON e.hold_id = h.id
"""
"""Holds with how they ended."""


def to_hold(row: Columns) -> CutHold:
    """Of a row of `HOLDS`."""
    trip = None
    if row["tripped_scope"] is not None:
        trip = Trip(
            scope=scope_of(row["tripped_scope"], row["tripped_name"]),
            wanted=row["wanted"],
            trip_per_min=row["trip_per_min"],
        )
    return CutHold(
        id=row["id"],
        scope=scope_of(row["scope"], row["name"]),
        until=row["held_until"],
        placed=Decided(by=row["held_by"], reason=row["reason"], at=row["at"]),
        trip=trip,
        ended=_decided(row, by="ended_by", reason="end_reason", at="ended_at"),
    )


def to_undo(row: Columns) -> CutUndo:
    """Of a row of `cut_undo`."""
    return CutUndo(
        id=row["id"],
        scope=scope_of(row["scope"], row["name"]),
        since=row["since"],
        until=row["cut_until"],
        state=UndoState(row["state"]),
        accounts=row["accounts"],
        dark=row["dark"],
        drafted=Decided(by=row["drafted_by"], reason=row["reason"], at=row["drafted_at"]),
        released=_decided(row, by="released_by", reason="release_reason", at="released_at"),
        withdrawn=_decided(row, by="withdrawn_by", reason="withdrawal_reason", at="withdrawn_at"),
        ended=_decided(row, by="ended_by", reason="end_reason", at="ended_at"),
        upto=row["upto"],
    )


def scope_of(kind: str, name: str) -> Scope:
    """As two columns have it."""
    return Scope(CutScope(kind), name)


def _decided(row: Columns, *, by: str, reason: str, at: str) -> Decided | None:
    return None if row[by] is None else Decided(by=row[by], reason=row[reason], at=row[at])
