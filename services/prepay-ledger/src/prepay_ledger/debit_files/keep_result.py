"""Use case: a bank's answer is kept with all that it says, once. Lines are applied after that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.debit_files.ports import HasDebits, ResultStore
from prepay_ledger.debit_files.refusals import KeyUsedBefore, ResultRefused
from prepay_ledger.debit_files.values import Answer, AnswerState, ResultFile
from prepay_ledger.debit_formats.configured import BankProfile
from prepay_ledger.debit_formats.read_answers import read_answers
from prepay_ledger.debit_formats.values import DebitAnswer
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An answer as somebody sends it, under an Idempotency-Key, and what it says."""

    key: str
    provider: str
    name: str
    body: bytes
    sha256: bytes
    answers: Sequence[DebitAnswer]
    who: str


class Kept(NamedTuple):
    """``repeated``: it was known, by its key or by its bytes, and nothing was changed."""

    result: ResultFile
    repeated: bool


def read_upload(
    body: bytes, *, key: str, provider: str, profile: BankProfile, name: str, who: str
) -> Upload:
    """Raises `ResultRefused`."""
    try:
        answers = read_answers(body, profile)
    except Unreadable as error:
        message = f"{name}: {error}; nothing of it was kept"
        raise ResultRefused(message) from error
    return Upload(
        key=key,
        provider=provider,
        name=name,
        body=body,
        sha256=sha256(body).digest(),
        answers=answers,
        who=who,
    )


def result_of(upload: Upload, *, answers: int, at: datetime) -> ResultFile:
    """As it is kept; ``answers``: how many it has, each line of a whole file counted."""
    return ResultFile(
        id=new_id(),
        key=upload.key,
        sha256=upload.sha256,
        provider=upload.provider,
        name=upload.name,
        answers=answers,
        uploaded_by=upload.who,
        at=at,
    )


async def keep_result(*, unit: HasDebits, upload: Upload, now: datetime) -> Kept:
    """All of it, or nothing. Raises `KeyUsedBefore`."""
    answers = await _of_lines(unit, upload.answers)
    result = result_of(upload, answers=len(answers), at=now)
    if not await unit.debit_files.add_result(result, upload.body):
        return Kept(await known_result(unit.debit_files, upload), repeated=True)
    await unit.debit_files.add_answers(
        [
            Answer(
                id=new_id(),
                result_id=result.id,
                provider=upload.provider,
                number=number,
                kind=each.kind,
                named=each.id,
                code=each.code,
                amount_micro=each.amount_micro,
                place=each.place,
                state=AnswerState.WAITING,
            )
            for number, each in enumerate(answers, 1)
        ]
    )
    return Kept(result, repeated=False)


async def _of_lines(unit: HasDebits, answers: Sequence[DebitAnswer]) -> Sequence[DebitAnswer]:
    """What is said of a whole file is said of each of its lines."""
    found: list[DebitAnswer] = []
    for each in answers:
        file_id = None if each.id else uuid_in(each.file_id)
        items = await unit.debit_files.items(file_id) if file_id else ()
        found += [
            DebitAnswer(kind=each.kind, id=item.name, code=each.code, place=each.place)
            for item in items
        ] or [each]
    return found


async def known_result(store: ResultStore, upload: Upload) -> ResultFile:
    """The one that was kept before, under the key or of the same bytes. Raises `KeyUsedBefore`."""
    of_key = await store.result_of_key(upload.key)
    if of_key is not None and (of_key.provider, of_key.sha256) != (upload.provider, upload.sha256):
        message = (
            f"the Idempotency-Key {upload.key} came before with another answer, {of_key.name}, "
            "which stands; nothing was kept"
        )
        raise KeyUsedBefore(message)
    known = of_key or await store.result_of_hash(upload.provider, upload.sha256)
    assert known is not None, "one of the two is why it is not new"
    return known


def uuid_in(text: str) -> UUID | None:
    """What a bank gives back as our id; none where it is no such."""
    try:
        return UUID(text)
    except ValueError:
        return None
