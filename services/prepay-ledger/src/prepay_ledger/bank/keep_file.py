"""Use case: a bank's file is kept with all its lines, once. Each line is applied after that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from prepay_ledger.bank.ports import HasBank
from prepay_ledger.bank.refusals import KeyUsedBefore, StatementRefused, UnknownBankAccount
from prepay_ledger.bank.rules import identities
from prepay_ledger.bank.values import BankFile, BankLine, KeptStatement, LineState, StatementHead
from prepay_ledger.bank_files.csv_mapping import CsvMapping
from prepay_ledger.bank_files.read_file import format_of, read_file
from prepay_ledger.bank_files.values import FileFormat, Statement, Unreadable
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as somebody sends it, under an Idempotency-Key, and what it says."""

    key: str
    name: str
    body: bytes
    sha256: bytes
    format: FileFormat
    mapping: Mapping[str, Any] | None
    statements: Sequence[Statement]
    who: str


class KeptFile(NamedTuple):
    """``repeated``: it was known, by its key or by its bytes, and nothing was changed."""

    file: BankFile
    repeated: bool


def read_upload(
    body: bytes, *, key: str, name: str, mapping: CsvMapping | None, who: str
) -> Upload:
    """Reads the file; of a large one that takes seconds. Raises `StatementRefused`."""
    try:
        statements = read_file(body, mapping)
    except Unreadable as error:
        message = f"{name}: {error}; nothing of it was kept"
        raise StatementRefused(message) from error
    return Upload(
        key=key,
        name=name,
        body=body,
        sha256=sha256(body).digest(),
        format=format_of(body, mapping),
        mapping=mapping.model_dump(mode="json", exclude_defaults=True) if mapping else None,
        statements=statements,
        who=who,
    )


async def keep_file(*, unit: HasBank, upload: Upload, now: datetime) -> KeptFile:
    """All of the file, or nothing. Sent again, under whatever key, it is the one that is kept.

    Raises `KeyUsedBefore` or `UnknownBankAccount`.
    """
    await _check_accounts(unit, upload.statements)
    file = BankFile(
        id=new_id(),
        key=upload.key,
        sha256=upload.sha256,
        name=upload.name,
        format=upload.format,
        mapping=upload.mapping,
        statements=[
            StatementHead(
                account=each.account,
                currency=each.currency,
                number=each.number,
                opening_micro=each.opening_micro,
                closing_micro=each.closing_micro,
                lines=len(each.lines),
            )
            for each in upload.statements
        ],
        uploaded_by=upload.who,
        at=now,
    )
    if not await unit.bank.add_file(file, upload.body):
        return KeptFile(await _known(unit, upload), repeated=True)
    await unit.bank.add_statements([_kept(file, each) for each in upload.statements])
    await unit.bank.add_lines(_lines(file, upload.statements))
    return KeptFile(file, repeated=False)


async def _known(unit: HasBank, upload: Upload) -> BankFile:
    of_key = await unit.bank.file_of_key(upload.key)
    if of_key is not None and of_key.sha256 != upload.sha256:
        message = (
            f"the Idempotency-Key {upload.key} came before with another file, {of_key.name}, which "
            "stands; nothing was kept"
        )
        raise KeyUsedBefore(message)
    known = of_key or await unit.bank.file_of_hash(upload.sha256)
    assert known is not None, "one of the two is why it is not new"
    return known


async def _check_accounts(unit: HasBank, statements: Sequence[Statement]) -> None:
    for each in statements:
        known = await unit.bank.account(each.account)
        if known is None:
            message = (
                f"statement {each.number} is of account {each.account}, which is no bank account "
                "of ours: tell of it first (`prewatt bank open`); nothing was kept"
            )
            raise UnknownBankAccount(message)
        if known.currency != each.currency:
            message = (
                f"statement {each.number} of account {each.account} is in {each.currency}, and "
                f"that account is in {known.currency}; nothing was kept"
            )
            raise UnknownBankAccount(message)


def _kept(file: BankFile, statement: Statement) -> KeptStatement:
    days = [each.booked_on for each in statement.lines if each.is_booked]
    last = statement.closed_on or max(days, default=file.at.date())
    return KeptStatement(
        id=new_id(),
        file_id=file.id,
        account=statement.account,
        statement=statement.number,
        opening_micro=statement.opening_micro,
        closing_micro=statement.closing_micro,
        first_day=min([last, *days]),
        last_day=last,
    )


def _lines(file: BankFile, statements: Sequence[Statement]) -> list[BankLine]:
    lines: list[BankLine] = []
    for statement in statements:
        for line, identity in zip(statement.lines, identities(statement.lines), strict=True):
            lines.append(
                BankLine(
                    id=new_id(),
                    file_id=file.id,
                    format=file.format,
                    number=len(lines) + 1,
                    account=statement.account,
                    currency=statement.currency,
                    statement=statement.number,
                    identity=identity,
                    line=line,
                    state=LineState.WAITING,
                )
            )
    return lines
