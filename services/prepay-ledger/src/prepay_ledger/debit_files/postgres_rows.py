"""Rows of batch debits, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.debit_files.tables import debit_result
from prepay_ledger.debit_files.values import (
    Answer,
    AnswerState,
    DebitFileRow,
    DebitItem,
    FileState,
    KnownDebtor,
    ResultFile,
    Step,
    StepAction,
)
from prepay_ledger.debit_formats.values import AnswerKind, Debtor

_DEBTOR = tuple(Debtor.__dataclass_fields__)
_FILE = tuple(name for name in DebitFileRow.__dataclass_fields__ if name != "state")
_ITEM = tuple(name for name in DebitItem.__dataclass_fields__ if name != "debtor")
_ANSWER = tuple(name for name in Answer.__dataclass_fields__ if name not in {"kind", "state"})
RESULT_COLUMNS = [debit_result.c[name] for name in ResultFile.__dataclass_fields__]
"""All but its bytes."""


def to_debtor(row: RowMapping) -> KnownDebtor:
    """From its row."""
    return KnownDebtor(
        mandate_id=row["mandate_id"],
        debtor=Debtor(**{name: row[name] for name in _DEBTOR}),
        who=row["who"],
        reason=row["reason"],
        at=row["at"],
    )


def debtor_values(known: KnownDebtor) -> dict[str, Any]:
    """As its row has them."""
    rest = {name: getattr(known, name) for name in ("mandate_id", "who", "reason", "at")}
    return rest | asdict(known.debtor)


def to_file(row: RowMapping) -> DebitFileRow:
    """From its row."""
    return DebitFileRow(**{name: row[name] for name in _FILE}, state=FileState(row["state"]))


def to_item(row: RowMapping) -> DebitItem:
    """From its row."""
    return DebitItem(
        **{name: row[name] for name in _ITEM},
        debtor=Debtor(**{name: row[name] for name in _DEBTOR}),
    )


def item_values(item: DebitItem) -> dict[str, Any]:
    """As its row has them."""
    return {name: getattr(item, name) for name in _ITEM} | asdict(item.debtor)


def to_step(row: RowMapping) -> Step:
    """From its row."""
    return Step(
        action=StepAction(row["action"]), who=row["who"], reason=row["reason"], at=row["at"]
    )


def to_result(row: RowMapping) -> ResultFile:
    """From its row."""
    return ResultFile(**{name: row[name] for name in ResultFile.__dataclass_fields__})


def to_answer(row: RowMapping) -> Answer:
    """From its row."""
    return Answer(
        **{name: row[name] for name in _ANSWER},
        kind=AnswerKind(row["kind"]),
        state=AnswerState(row["state"]),
    )
