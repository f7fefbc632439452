"""Both sides of a payment compared, and what follows for the differences there are: pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from prepay_ledger.settlement_files.values import ABOUT_PAYMENTS, TAKES, LineKind, SettledLine
from prepay_ledger.settlements.values import (
    UNRESOLVED,
    Difference,
    DifferenceKind,
    Finding,
    OurMovement,
    Outcome,
    Settled,
    Sides,
    TheirLine,
)

_ONE_DAY = timedelta(days=1)


def settled_whole(day: date, settled: Collection[date]) -> bool:
    """Whether what we have of ``day`` must be in the files: a payment of its last minute may stand
    in those of the day after."""
    return day in settled and day + _ONE_DAY in settled


def findings_of(sides: Sides, settled: Collection[date]) -> list[Finding]:
    """What differs about one payment. ``settled``: the days whose files we have."""
    theirs: dict[tuple[LineKind, str], list[TheirLine]] = defaultdict(list)
    for line in sorted(sides.theirs, key=lambda each: (each.business_day, each.id.int)):
        theirs[line.kind, line.movement_id].append(line)
    found: list[Finding] = []
    for (kind, movement_id), lines in theirs.items():
        if kind not in ABOUT_PAYMENTS:
            found += [
                _theirs(sides, line, DifferenceKind.UNKNOWN_LINE, nth)
                for nth, line in enumerate(lines, 1)
            ]
            continue
        found += _of_one(sides, kind, movement_id, lines, theirs)
        found += [
            _theirs(sides, line, DifferenceKind.TWICE_THERE, nth)
            for nth, line in enumerate(lines[1:], 2)
        ]
    return found + _missing_there(sides, theirs, settled)


def _of_one(
    sides: Sides,
    kind: LineKind,
    movement_id: str,
    lines: Sequence[TheirLine],
    theirs: Mapping[tuple[LineKind, str], Sequence[TheirLine]],
) -> list[Finding]:
    line = lines[0]
    ours = _ours(sides, kind, movement_id)
    if ours is None:
        totals = [each.amount_micro for each in sides.movements if each.is_total]
        if kind is LineKind.REFUND and totals and _refunded(theirs) <= max(totals):
            return []
        return [_theirs(sides, line, DifferenceKind.MISSING_HERE, 1)]
    micro, currency, _ = ours
    if currency != line.currency:
        return [_theirs(sides, line, DifferenceKind.OTHER_CURRENCY, 1, ours)]
    if micro != line.amount_micro:
        return [_theirs(sides, line, DifferenceKind.OTHER_AMOUNT, 1, ours)]
    return []


class _Ours(NamedTuple):
    """With what was corrected since, in the kind's own direction."""

    micro: int
    currency: str
    day: date


def _ours(sides: Sides, kind: LineKind, movement_id: str) -> _Ours | None:
    if kind is LineKind.PAYMENT:
        paid = sides.ours
        if paid is None:
            return None
        micro, currency, day = paid.amount_micro, paid.currency, paid.received_on
    else:
        told = [
            each
            for each in sides.movements
            if (each.kind, each.movement_id, each.is_total) == (kind, movement_id, False)
        ]
        if not told:
            return None
        first = told[0]
        micro = max(each.amount_micro for each in told)
        currency, day = first.currency, min(each.told_on for each in told)
    sign = -1 if kind in TAKES else 1
    return _Ours(micro + sign * sides.corrections.get((kind, movement_id), 0), currency, day)


def _refunded(theirs: Mapping[tuple[LineKind, str], Sequence[TheirLine]]) -> int:
    refunds = (lines[0] for (kind, _), lines in theirs.items() if kind is LineKind.REFUND)
    return sum(each.amount_micro for each in refunds)


def _theirs(
    sides: Sides, line: TheirLine, difference: DifferenceKind, nth: int, ours: _Ours | None = None
) -> Finding:
    return Finding(
        difference=difference,
        kind=line.kind,
        payment_id=sides.payment_id,
        movement_id=line.movement_id,
        nth=nth,
        their_micro=line.amount_micro,
        their_currency=line.currency,
        our_micro=None if ours is None else ours.micro,
        our_currency=None if ours is None else ours.currency,
        business_day=line.business_day,
        line_id=line.id,
        payment=sides.ours.id if sides.ours else None,
    )


def _missing_there(
    sides: Sides,
    theirs: Mapping[tuple[LineKind, str], Sequence[TheirLine]],
    settled: Collection[date],
) -> list[Finding]:
    keys: dict[tuple[LineKind, str], None] = {}
    if sides.ours is not None:
        keys[LineKind.PAYMENT, sides.payment_id] = None
    for each in sides.movements:
        if not each.is_total:
            keys[each.kind, each.movement_id] = None
    found: list[Finding] = []
    for kind, movement_id in keys:
        ours = _ours(sides, kind, movement_id)
        assert ours is not None, "the key is of what we have"
        if (kind, movement_id) not in theirs and ours.micro and settled_whole(ours.day, settled):
            found.append(_only_ours(sides, kind, movement_id, ours))
    totals = [each for each in sides.movements if each.is_total]
    if totals:
        found += _total_missing(sides, totals, theirs, settled)
    return found


def _total_missing(
    sides: Sides,
    totals: Sequence[OurMovement],
    theirs: Mapping[tuple[LineKind, str], Sequence[TheirLine]],
    settled: Collection[date],
) -> list[Finding]:
    """Of a provider that tells what was refunded so far: what its files lack of that."""
    newest = max(totals, key=lambda each: each.amount_micro)
    key = LineKind.REFUND, newest.movement_id
    missing = newest.amount_micro - _refunded(theirs) - sides.corrections.get(key, 0)
    if missing <= 0 or not settled_whole(newest.told_on, settled):
        return []
    ours = _Ours(missing, newest.currency, newest.told_on)
    return [_only_ours(sides, LineKind.REFUND, newest.movement_id, ours)]


def _only_ours(sides: Sides, kind: LineKind, movement_id: str, ours: _Ours) -> Finding:
    return Finding(
        difference=DifferenceKind.MISSING_THERE,
        kind=kind,
        payment_id=sides.payment_id,
        movement_id=movement_id,
        our_micro=ours.micro,
        our_currency=ours.currency,
        business_day=ours.day,
        payment=sides.ours.id if sides.ours else None,
    )


class Changes(NamedTuple):
    """What is found anew, and which differences are no more."""

    found: Sequence[Finding]
    gone: Sequence[Difference]


def changes(before: Sequence[Difference], findings: Sequence[Finding]) -> Changes:
    """``before``: differences of the same payments. What a person accepted stays accepted while it
    is found just so."""
    known = Counter(
        each.finding
        for each in before
        if each.state in UNRESOLVED or each.outcome is Outcome.ACCEPTED
    )
    now = Counter(findings)
    found = [each for each in findings if each not in known]
    gone = [each for each in before if each.state in UNRESOLVED and each.finding not in now]
    return Changes(found, gone)


def gone_reason(gone: Difference, findings: Iterable[Finding]) -> str:
    """What is said of a difference that closed by itself."""
    subject = gone.finding.kind, gone.finding.movement_id, gone.finding.payment_id
    for each in findings:
        if (each.kind, each.movement_id, each.payment_id) == subject:
            return f"it differs otherwise by now: {each.difference}"
    match gone.finding.difference:
        case DifferenceKind.MISSING_HERE:
            return "its webhook came, or its file was replaced by one without it"
        case DifferenceKind.MISSING_THERE:
            return "a later file has it"
        case _:
            return "both sides agree by now"


def correction_of(finding: Finding) -> int:
    """What the account has to get, or to give where it is below zero, so that it has what the
    provider has settled."""
    sign = -1 if finding.kind in TAKES else 1
    return sign * ((finding.their_micro or 0) - (finding.our_micro or 0))


def amount_of(finding: Finding) -> int:
    """How much is at stake, without a sign."""
    if finding.difference is DifferenceKind.MISSING_HERE:
        return finding.their_micro or 0
    return abs(correction_of(finding))


def settled_by_currency(lines: Iterable[SettledLine]) -> dict[str, Settled]:
    """Fees and payouts of lines."""
    sums: dict[str, Settled] = {}
    for each in lines:
        fees, payouts = sums.get(each.currency, Settled(0, 0))
        paid_out = each.amount_micro if each.kind is LineKind.PAYOUT else 0
        sums[each.currency] = Settled(fees + each.fee_micro, payouts + paid_out)
    return sums


def what_changed(before: Mapping[str, Settled], after: Mapping[str, Settled]) -> dict[str, Settled]:
    """What a revision has to post more, or less, than the one before did."""
    nothing = Settled(0, 0)
    moved: dict[str, Settled] = {}
    for currency in sorted({*before, *after}):
        old, new = before.get(currency, nothing), after.get(currency, nothing)
        delta = Settled(new.fees_micro - old.fees_micro, new.payouts_micro - old.payouts_micro)
        if delta != nothing:
            moved[currency] = delta
    return moved
