"""Rows of banks' files and their lines, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.bank.tables import bank_account, bank_file
from prepay_ledger.bank.values import (
    BankAccount,
    BankFile,
    BankLine,
    LineState,
    StatementHead,
)
from prepay_ledger.bank_files.values import FileFormat, LineKind, StatementLine

ACCOUNT_COLUMNS = [bank_account.c[name] for name in BankAccount.__dataclass_fields__]
FILE_COLUMNS = [bank_file.c[name] for name in BankFile.__dataclass_fields__]
"""All but its bytes."""
_FILE = ("id", "key", "sha256", "name", "mapping", "uploaded_by", "at")
_SAID = tuple(name for name in StatementLine.__dataclass_fields__ if name != "kind")
_LINE = tuple(
    name for name in BankLine.__dataclass_fields__ if name not in {"line", "format", "state"}
)


def to_account(row: RowMapping) -> BankAccount:
    """From its row."""
    return BankAccount(**{name: row[name] for name in BankAccount.__dataclass_fields__})


def to_file(row: RowMapping) -> BankFile:
    """From its row."""
    return BankFile(
        **{name: row[name] for name in _FILE},
        format=FileFormat(row["format"]),
        statements=[StatementHead(**each) for each in row["statements"]],
    )


def file_values(file: BankFile) -> dict[str, Any]:
    """As its row has them."""
    return asdict(file)


def to_line(row: RowMapping) -> BankLine:
    """From its row."""
    return BankLine(
        **{name: row[name] for name in _LINE},
        format=FileFormat(row["format"]),
        state=LineState(row["state"]),
        line=StatementLine(kind=LineKind(row["kind"]), **{name: row[name] for name in _SAID}),
    )


def line_values(line: BankLine) -> dict[str, Any]:
    """As its row has them."""
    values = {name: getattr(line, name) for name in _LINE}
    said = {name: getattr(line.line, name) for name in (*_SAID, "kind")}
    return values | said | {"format": line.format, "state": line.state}
