"""Use case: a line of the bank's statement is what it collected by a batch debit: one of its lines,
a return of one, or the sum of a file. It is credited by the debit's own way, and never twice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.rules import ended, names_in
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.bank_files.values import LineKind
from prepay_ledger.debit_files.take_answer import TakeAnswer, item_named
from prepay_ledger.debit_files.values import DebitItem
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.journal.values import Journal, clearing


class ReceiveDebit:
    """Books such lines. ``profiles``: by the provider's name."""

    def __init__(self, *, take_answer: TakeAnswer, profiles: Mapping[str, DebitProfile]) -> None:
        self._take_answer = take_answer
        self._profiles = profiles

    async def of_line(
        self, unit: Unit, line: BankLine, *, now: datetime, by_person: bool = False
    ) -> BankLine | None:
        """The line as it ends; none where it is anything else. The line is locked. ``by_person``:
        somebody says that it is new money: so it is where its debit went back before."""
        providers = self._providers_of(line)
        if not providers:
            return None
        found = await self._found(unit, line)
        if found is not None:
            if by_person and _is_anew(line, found[1]):
                return None
            return await self._item(unit, line, *found, now=now)
        if line.line.kind not in {LineKind.CREDIT, LineKind.BATCH}:
            return None
        return await self._file(unit, line, providers, names_in(line), now=now)

    async def why_not(self, unit: Unit, line: BankLine) -> str:
        """Why the line is neither the debit that it names nor new money; empty where it is, or
        where it names none."""
        found = await self._found(unit, line)
        if found is None or _is_anew(line, found[1]):
            return ""
        return _why_not(line, found[1])

    async def named_by(self, unit: Unit, line: BankLine) -> DebitItem | None:
        """The debit that the line names, whatever became of it."""
        found = await self._found(unit, line)
        return None if found is None else found[1]

    def _providers_of(self, line: BankLine) -> list[str]:
        return [
            name for name, each in self._profiles.items() if each.creditor.account == line.account
        ]

    async def _found(self, unit: Unit, line: BankLine) -> tuple[str, DebitItem] | None:
        """The debit that the line names, and by whom it was."""
        for provider in self._providers_of(line):
            for name in names_in(line):
                item = await item_named(unit, provider, name)
                if item is not None:
                    return provider, item
        return None

    async def _item(
        self, unit: Unit, line: BankLine, provider: str, item: DebitItem, *, now: datetime
    ) -> BankLine:
        why = _why_not(line, item)
        if why:
            return ended(line, LineState.DOUBTFUL, reason=why, refers_to=_told_by(line, item))
        file = await unit.debit_files.lock_file(item.file_id)
        assert file is not None, "a file stays"
        kind = AnswerKind.PAID if line.line.amount_micro > 0 else AnswerKind.RETURNED
        await self._take_answer.apply(unit, item, provider, kind, "", now=now)
        told = (
            replace(item, collected_by=line.id)
            if kind is AnswerKind.PAID
            else replace(item, returned_by=line.id)
        )
        await unit.debit_files.change_item(told)
        if kind is AnswerKind.PAID and file.bank_line is not None:
            return ended(line, LineState.DETAILED, refers_to=file.bank_line)
        if kind is AnswerKind.PAID and not file.by_lines:
            await unit.debit_files.change_file(replace(file, by_lines=True))
        await _post(unit, line, provider, now=now)
        return ended(line, LineState.COLLECTED, reason=f"debit {item.name}")

    async def _file(
        self,
        unit: Unit,
        line: BankLine,
        providers: list[str],
        names: list[str],
        *,
        now: datetime,
    ) -> BankLine | None:
        files = await unit.debit_files.files_by_line(
            providers, names=names, sum_micro=line.line.amount_micro
        )
        is_named = bool(files) and files[0].name in names
        if not is_named and (line.line.kind is not LineKind.BATCH or len(files) != 1):
            return None
        file = await unit.debit_files.lock_file(files[0].id)
        if file is None or file.bank_line is not None:
            return None
        if file.by_lines:
            return ended(line, LineState.DETAILED, reason=f"debit file {file.name}, one by one")
        await unit.debit_files.change_file(replace(file, bank_line=line.id))
        await _post(unit, line, file.provider, now=now)
        return ended(line, LineState.COLLECTED, reason=f"debit file {file.name}")


def _why_not(line: BankLine, item: DebitItem) -> str:
    if (abs(line.line.amount_micro), line.currency) != (item.amount_micro, item.currency):
        return f"it names a debit of {item.amount_micro} micro-units of {item.currency}"
    told_by = _told_by(line, item)
    if told_by is not None:
        went = "collected" if line.line.amount_micro > 0 else "returned"
        return f"debit {item.name} was {went} by bank line {told_by} before"
    return ""


def _told_by(line: BankLine, item: DebitItem) -> UUID | None:
    """Which line was the same of that debit before."""
    return item.collected_by if line.line.amount_micro > 0 else item.returned_by


def _is_anew(line: BankLine, item: DebitItem) -> bool:
    """Whether the bank may have collected the debit once more, after it went back."""
    both = item.collected_by is not None and item.returned_by is not None
    return both and line.line.amount_micro > 0


async def _post(unit: Unit, line: BankLine, provider: str, *, now: datetime) -> None:
    micro = line.line.amount_micro
    await unit.journals.post(
        Journal(
            kind="collected",
            source=f"{provider}/{line.id}",
            currency=line.currency,
            entries=(),
            postings={clearing(provider): micro, clearing(line.provider): -micro},
        ),
        at=now,
    )
