"""Rows of conditions, as values."""

from typing import Any, Protocol

from prepay_ledger.conditions.values import Condition
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.cut_facts_v1 import ConditionKind


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


CONDITIONS = """
SELECT c.id, c.kind, c.account_id, c.reference, c.holds_until, c.begun_by, c.reason, c.at,
       e.ended_by, e.reason AS end_reason, e.at AS ended_at
FROM condition AS c LEFT JOIN condition_end AS e ON e.condition_id = c.id
"""
"""Conditions with how they ended."""


def to_condition(row: Columns) -> Condition:
    """Of a row of `CONDITIONS`."""
    ended = None
    if row["ended_by"] is not None:
        ended = Decided(by=row["ended_by"], reason=row["end_reason"], at=row["ended_at"])
    return Condition(
        id=row["id"],
        kind=ConditionKind(row["kind"]),
        account_id=row["account_id"],
        reference=row["reference"],
        until=row["holds_until"],
        begun=Decided(by=row["begun_by"], reason=row["reason"], at=row["at"]),
        ended=ended,
    )
