"""Rows of files of transfers, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.debit_files.values import ResultFile
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.refunds.postgres_rows import to_payee
from prepay_ledger.transfer_files.tables import transfer_result
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    FileState,
    ItemState,
    Step,
    StepAction,
    TransferFileRow,
    TransferItem,
)

_FILE = tuple(name for name in TransferFileRow.__dataclass_fields__ if name != "state")
_ITEM = tuple(name for name in TransferItem.__dataclass_fields__ if name not in {"payee", "state"})
_ANSWER = tuple(name for name in Answer.__dataclass_fields__ if name not in {"kind", "state"})
RESULT_COLUMNS = [transfer_result.c[name] for name in ResultFile.__dataclass_fields__]
"""All but its bytes."""


def to_file(row: RowMapping) -> TransferFileRow:
    """From its row."""
    return TransferFileRow(**{name: row[name] for name in _FILE}, state=FileState(row["state"]))


def to_item(row: RowMapping) -> TransferItem:
    """From its row."""
    return TransferItem(
        **{name: row[name] for name in _ITEM},
        payee=to_payee(row),
        state=ItemState(row["state"]),
    )


def item_values(item: TransferItem) -> dict[str, Any]:
    """As its row has them."""
    rest = {name: getattr(item, name) for name in (*_ITEM, "state")}
    return rest | asdict(item.payee)


def to_step(row: RowMapping) -> Step:
    """From its row."""
    return Step(
        action=StepAction(row["action"]), who=row["who"], reason=row["reason"], at=row["at"]
    )


def to_result(row: RowMapping) -> ResultFile:
    """From a row of `RESULT_COLUMNS`."""
    return ResultFile(**row)


def to_answer(row: RowMapping) -> Answer:
    """From its row."""
    return Answer(
        **{name: row[name] for name in _ANSWER},
        kind=AnswerKind(row["kind"]),
        state=AnswerState(row["state"]),
    )
