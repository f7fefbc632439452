"""Which payouts a provider's file has, and which of them a line of the bank is: pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from prepay_ledger.bank_files.values import StatementLine
from prepay_ledger.payouts.values import Payout, PayoutKey, PayoutState
from prepay_ledger.settlement_files.values import LineKind, SettledLine

_WITHIN_CHARACTERS_MIN = 8
"""A reference that is shorter is known only where it is all that a field says."""
_EARLY = timedelta(days=1)
"""A bank east of the provider's zone may book what is sent on the day that is still to come."""


def payouts_in(
    provider: str, business_day: date, lines: Iterable[SettledLine]
) -> Iterator[PayoutKey]:
    """Those of a file, in its order."""
    seen = Counter[tuple[object, ...]]()
    for each in lines:
        if each.kind is not LineKind.PAYOUT or not each.amount_micro:
            continue
        same = each.reference, each.amount_micro, each.currency
        seen[same] += 1
        yield PayoutKey(
            provider=provider,
            business_day=business_day,
            reference=each.reference,
            amount_micro=each.amount_micro,
            currency=each.currency,
            nth=seen[same],
        )


class Changes(NamedTuple):
    """What a file makes of the payouts of its day."""

    new: Sequence[PayoutKey]
    changed: Sequence[Payout]


def changes(before: Sequence[Payout], keys: Sequence[PayoutKey]) -> Changes:
    """``before``: all that any file of the day had. One that is gone and had not arrived is waited
    for no more; one that comes back is."""
    known, now = {each.key for each in before}, set(keys)
    changed: list[Payout] = []
    for each in before:
        stands = each.key in now
        if stands != each.stands:
            changed.append(standing(replace(each, stands=stands)))
    return Changes([each for each in keys if each not in known], changed)


def standing(payout: Payout) -> Payout:
    """As one is that did not arrive, by whether its file has it; any other as it is."""
    if payout.state not in {PayoutState.EXPECTED, PayoutState.WITHDRAWN}:
        return payout
    state = PayoutState.EXPECTED if payout.stands else PayoutState.WITHDRAWN
    return replace(payout, state=state)


def named_by(line: StatementLine, payouts: Iterable[Payout]) -> list[Payout]:
    """Those whose reference the line names, the oldest first: as all of a field, or within its text
    where it is long enough to be no accident. Letters' case and what is between them count for
    nothing: banks write both as they like."""
    fields = [line.structured, line.end_to_end_id, line.transaction, line.booking, line.text]
    said = [_letters(each) for each in fields]
    text = _letters(line.text)

    def is_named(payout: Payout) -> bool:
        reference = _letters(payout.key.reference)
        if not reference:
            return False
        return reference in said or (len(reference) >= _WITHIN_CHARACTERS_MIN and reference in text)

    return _oldest_first(each for each in payouts if is_named(each))


def of_amount(line: StatementLine, payouts: Iterable[Payout], *, days: int) -> Payout | None:
    """The only one of the line's amount that was sent at most ``days`` before it was booked."""
    found = [
        each
        for each in payouts
        if each.key.amount_micro == line.amount_micro
        and -_EARLY <= line.booked_on - each.key.business_day <= timedelta(days=days)
    ]
    return found[0] if len(found) == 1 else None


def late_before(now: datetime, *, zone: ZoneInfo, days: int) -> date:
    """What was sent earlier than that day and has not arrived is late."""
    return now.astimezone(zone).date() - timedelta(days=days)


def _oldest_first(payouts: Iterable[Payout]) -> list[Payout]:
    return sorted(payouts, key=lambda each: (each.key.business_day, each.key.nth, each.id.int))


def _letters(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())
