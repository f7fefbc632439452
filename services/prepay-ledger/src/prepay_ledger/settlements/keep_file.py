"""Use case: a provider's file of a day is kept with all its lines, once, and compared with ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.payouts.follow_file import follow_file
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.read_file import read_file
from prepay_ledger.settlement_files.values import Expected, FileFormat, LineKind, Lines, SettledLine
from prepay_ledger.settlements.compare_payments import compare_payments
from prepay_ledger.settlements.ports import Unit
from prepay_ledger.settlements.post_settled import post_settled
from prepay_ledger.settlements.refusals import (
    KeyUsedBefore,
    RevisionNeedsReason,
    SettledDayNotOver,
    SettlementRefused,
    UnknownProvider,
)
from prepay_ledger.settlements.rules import settled_whole
from prepay_ledger.settlements.values import KeptLine, SettlementFile, Terms
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as somebody sends it, under an Idempotency-Key, and what it says. ``reason``: why it
    takes the place of another of its day."""

    provider: str
    business_day: date
    terms: Terms
    format: FileFormat
    key: str
    name: str
    body: bytes
    sha256: bytes
    mapping: SettlementMapping | None
    lines: Lines
    who: str
    reason: str | None


class KeptFile(NamedTuple):
    """``repeated``: it was known, by its key or by its bytes, and nothing was changed."""

    file: SettlementFile
    repeated: bool


class ReadUpload:
    """Reads files, each as its provider writes them."""

    def __init__(self, terms: Mapping[str, Terms]) -> None:
        self._terms = terms

    def terms_of(self, provider: str) -> Terms:
        """Raises `UnknownProvider`."""
        terms = self._terms.get(provider)
        if terms is None:
            message = f"there is no provider {provider}; configured are {', '.join(self._terms)}"
            raise UnknownProvider(message)
        return terms

    def __call__(
        self,
        body: bytes,
        *,
        provider: str,
        business_day: date,
        key: str,
        name: str,
        mapping: SettlementMapping | None,
        who: str,
        reason: str | None,
    ) -> Upload:
        """Of a large one that takes seconds. Raises `UnknownProvider` or `SettlementRefused`."""
        terms = self.terms_of(provider)
        form = FileFormat.CSV if mapping is not None else terms.format
        expected = Expected(
            format=form, day=business_day, days=terms.days, merchants=terms.merchants
        )
        try:
            lines = read_file(body, expected, mapping)
        except Unreadable as error:
            message = f"{name}: {error}; nothing of it was kept"
            raise SettlementRefused(message) from error
        return Upload(
            provider=provider,
            business_day=business_day,
            terms=terms,
            format=form,
            key=key,
            name=name,
            body=body,
            sha256=sha256(body).digest(),
            mapping=mapping,
            lines=lines,
            who=who,
            reason=reason,
        )


async def keep_file(*, unit: Unit, upload: Upload, now: datetime) -> KeptFile:
    """All of the file in one transaction: its lines, what differs by it, and what it posts of fees
    and payouts. Sent again it is the one that is kept.

    Raises `SettledDayNotOver`, `RevisionNeedsReason` or `KeyUsedBefore`.
    """
    provider, day, days = upload.provider, upload.business_day, upload.terms.days
    await unit.settlements.lock(provider)
    before = await unit.settlements.files_of_day(provider, day)
    known = await _known(unit, upload, before)
    if known is not None:
        return KeptFile(known, repeated=True)
    if now < days.ends_at(day):
        message = (
            f"{day} of {provider} is not over before {days.ends_at(day):%Y-%m-%d %H:%M %Z}: more "
            "may come; nothing was kept"
        )
        raise SettledDayNotOver(message)
    if before and upload.reason is None:
        message = (
            f"of {day} {provider} has settled by {before[-1].name} (revision "
            f"{before[-1].revision}): say why this file takes its place; nothing was kept"
        )
        raise RevisionNeedsReason(message)
    file = _file(upload, revision=len(before) + 1, now=now)
    await unit.settlements.add_file(file, upload.body)
    replaced = await unit.settlements.standing(provider, day)
    await unit.settlements.replace(provider, day)
    lines = [_kept(file, number, line) for number, line in enumerate(upload.lines, 1)]
    await unit.settlements.add_lines(lines)
    await post_settled(
        unit=unit, file=file, before=[each.line for each in replaced], after=upload.lines, now=now
    )
    await follow_file(unit=unit, provider=provider, business_day=day, lines=upload.lines, now=now)
    ids = {each.line.payment_id for each in (*replaced, *lines)} - {""}
    settled = await unit.settlements.settled_days(provider)
    for each in (day - timedelta(days=1), day):
        if settled_whole(each, settled):
            ids.update(await unit.settlements.ours_of(provider, each, days))
    await compare_payments(unit=unit, provider=provider, payment_ids=ids, days=days, now=now)
    return KeptFile(file, repeated=False)


async def _known(
    unit: Unit, upload: Upload, before: Sequence[SettlementFile]
) -> SettlementFile | None:
    of_key = await unit.settlements.file_of_key(upload.key)
    asked = (upload.provider, upload.business_day, upload.sha256)
    if of_key is not None and asked != (of_key.provider, of_key.business_day, of_key.sha256):
        message = (
            f"the Idempotency-Key {upload.key} came before with another file, {of_key.name} of "
            f"{of_key.business_day}, which is kept; nothing was changed"
        )
        raise KeyUsedBefore(message)
    return of_key or next((each for each in before if each.sha256 == upload.sha256), None)


def _file(upload: Upload, *, revision: int, now: datetime) -> SettlementFile:
    mapping = upload.mapping
    return SettlementFile(
        id=new_id(),
        provider=upload.provider,
        business_day=upload.business_day,
        revision=revision,
        key=upload.key,
        sha256=upload.sha256,
        name=upload.name,
        format=upload.format,
        mapping=mapping.model_dump(mode="json", exclude_defaults=True) if mapping else None,
        lines=len(upload.lines),
        uploaded_by=upload.who,
        reason=upload.reason or "" if revision > 1 else "",
        at=now,
    )


def _kept(file: SettlementFile, number: int, line: SettledLine) -> KeptLine:
    if line.kind is LineKind.OTHER and not line.payment_id:
        # Compared as if it were a payment of its own, so that it is on the list.
        line = replace(line, payment_id=f"{file.business_day} {line.place}")
    return KeptLine(
        id=new_id(),
        file_id=file.id,
        number=number,
        provider=file.provider,
        business_day=file.business_day,
        line=line,
        stands=True,
    )
