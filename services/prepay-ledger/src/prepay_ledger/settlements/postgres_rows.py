"""Rows of settlement files, lines and differences, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.settlement_files.values import FileFormat, LineKind, SettledLine
from prepay_ledger.settlements.tables import settlement_file
from prepay_ledger.settlements.values import (
    Action,
    Difference,
    DifferenceKind,
    Finding,
    KeptLine,
    Outcome,
    SettlementFile,
    State,
    Step,
)

FILE_COLUMNS = [settlement_file.c[name] for name in SettlementFile.__dataclass_fields__]
"""All but its bytes."""
_FILE = tuple(name for name in SettlementFile.__dataclass_fields__ if name != "format")
_SAID = tuple(name for name in SettledLine.__dataclass_fields__ if name not in {"kind", "at"})
_KEPT = tuple(name for name in KeptLine._fields if name != "line")
_FOUND = tuple(name for name in Finding.__dataclass_fields__ if name not in {"difference", "kind"})
_DIFFERENCE = ("id", "provider", "correction_micro", "reason", "found_at", "closed_at")
_STEP = ("key", "who", "reason", "at")


def to_file(row: RowMapping) -> SettlementFile:
    """From its row."""
    return SettlementFile(**{name: row[name] for name in _FILE}, format=FileFormat(row["format"]))


def file_values(file: SettlementFile) -> dict[str, Any]:
    """As its row has them."""
    return asdict(file)


def to_line(row: RowMapping) -> KeptLine:
    """From its row."""
    said = SettledLine(
        **{name: row[name] for name in _SAID}, kind=LineKind(row["kind"]), at=row["happened_at"]
    )
    return KeptLine(**{name: row[name] for name in _KEPT}, line=said)


def line_values(kept: KeptLine) -> dict[str, Any]:
    """As its row has them."""
    said = {name: getattr(kept.line, name) for name in (*_SAID, "kind")}
    values = {name: getattr(kept, name) for name in _KEPT}
    return values | said | {"happened_at": kept.line.at}


def to_difference(row: RowMapping) -> Difference:
    """From its row."""
    finding = Finding(
        **{name: row[name] for name in _FOUND},
        difference=DifferenceKind(row["difference"]),
        kind=LineKind(row["kind"]),
    )
    return Difference(
        **{name: row[name] for name in _DIFFERENCE},
        finding=finding,
        state=State(row["state"]),
        outcome=Outcome(row["outcome"]),
    )


def difference_values(difference: Difference) -> dict[str, Any]:
    """As its row has them."""
    values = {name: getattr(difference, name) for name in (*_DIFFERENCE, "state", "outcome")}
    return values | asdict(difference.finding)


def to_step(row: RowMapping) -> Step:
    """From its row."""
    return Step(
        **{name: row[name] for name in _STEP},
        action=Action(row["action"]),
        state_before=State(row["state_before"]),
    )
