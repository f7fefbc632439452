"""What banks answer as CSV, by a mapping of its columns."""

from collections.abc import Sequence

from prepay_ledger.bank_files.amounts import signed_micro_of
from prepay_ledger.bank_files.csv_records import records_of
from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.debit_formats.configured import OutcomeColumn, ResultMapping
from prepay_ledger.debit_formats.values import AnswerKind, DebitAnswer


def read_text(body: bytes, mapping: ResultMapping) -> Sequence[DebitAnswer]:
    """Raises `Unreadable`, also for a word that the mapping does not have."""
    answers: list[DebitAnswer] = []
    for where, fields in records_of(body, mapping, mapping.columns):
        amount = fields[mapping.amount] if mapping.amount else ""
        micro = None
        if amount:
            micro = signed_micro_of(
                amount, decimal=mapping.decimal, group=mapping.group, where=where
            )
        answers.append(
            DebitAnswer(
                kind=_kind(fields[mapping.outcome.column], mapping.outcome, where),
                id=fields[mapping.id],
                code=fields[mapping.code] if mapping.code else "",
                amount_micro=None if micro is None else abs(micro),
                place=where,
            )
        )
    return answers


def _kind(word: str, outcome: OutcomeColumn, where: str) -> AnswerKind:
    for kind, words in (
        (AnswerKind.PAID, outcome.paid),
        (AnswerKind.REFUSED, outcome.refused),
        (AnswerKind.RETURNED, outcome.returned),
    ):
        if word in words:
            return kind
    message = f"{where}: {word[:40]!r} is no outcome by the mapping"
    raise Unreadable(message)
