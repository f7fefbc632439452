"""What late days of statements cost: pure, and the whole of it each time.

Nothing is carried over from day to day: from what statements asked for, what was paid and since
when, and the policy, the same follows whether a sweep ran daily or missed some, and whether money
was told on its day or later. What is posted is the difference to what was posted before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.late_charges.values import (
    Asked,
    Claim,
    Held,
    HeldDays,
    Movement,
    Posted,
    Reckoned,
    Span,
    Terms,
)
from prepay_ledger.providers.amounts import whole_minor
from prewatt_common.contracts.supply_late_v1 import LateCharge

_DAY = timedelta(days=1)
_PPM = 1_000_000


class Paid:
    """What had been paid by the end of each day."""

    def __init__(self, movements: Sequence[Movement]) -> None:
        ordered = sorted(movements)
        self.days = [each.day for each in ordered]
        self._totals = [0, *accumulate(each.micro for each in ordered)]
        self._least = [*accumulate(reversed(self._totals), min)][::-1]

    def by(self, day: date) -> int:
        """In all, up to the end of ``day``."""
        return self._totals[bisect_right(self.days, day)]

    def least_from(self, day: date) -> int:
        """What it never was less than from the end of ``day`` on."""
        return self._least[bisect_right(self.days, day)]

    @property
    def in_all(self) -> int:
        """By whatever day."""
        return self._totals[-1]


def claims_of(asked: Sequence[Asked], *, came_with_micro: int) -> list[Claim]:
    """In the order of statements. ``came_with_micro``: what the account had as it became post-paid;
    what it owed is asked for by its first statement. A statement that gives back pays what is
    oldest: what all before it ask for is never above what is asked for with it."""
    # What each and all that come after it ask for at least.
    at_least = [*accumulate((each.micro for each in reversed(asked)), min)][::-1]
    least = min([-came_with_micro, 0, *at_least[:1]])
    found: list[Claim] = []
    for each, to_micro in zip(asked, at_least, strict=True):
        from_micro = found[-1].to_micro if found else least
        found.append(Claim(*each[:4], from_micro, to_micro))
    return found


def held_days(held: Sequence[Held], zone: ZoneInfo) -> list[HeldDays]:
    """The local days that are touched."""
    tick = timedelta(microseconds=1)
    return [
        HeldDays(
            each.since.astimezone(zone).date(),
            None if each.until is None else (each.until - tick).astimezone(zone).date(),
        )
        for each in held
        if each.until is None or each.until > each.since
    ]


def reckon(claim: Claim, paid: Paid, *, terms: Terms, through: date, currency: str) -> Reckoned:
    """What the claim has cost up to the end of ``through``."""
    charge = terms.charge
    # Nearly all statements of an account are paid, and never open again: no day of them is counted.
    if charge is None or paid.least_from(claim.due_on + _DAY) >= claim.to_micro:
        return Reckoned((), 0)
    found = _spans(claim, paid, charge=charge, held=terms.held, through=through, currency=currency)
    numerator = sum(
        each.open_micro * each.rate_ppm * ((each.last - each.first).days + 1) for each in found
    )
    if not numerator:
        return Reckoned((), 0)
    least = charge.minimum_micro.get(currency, 0)
    return Reckoned(found, min(most_of(claim, charge), max(least, numerator // _PPM)))


def most_of(claim: Claim, charge: LateCharge) -> int:
    """The cap: late days of it cost no more, however many come."""
    return claim.asked_micro * charge.cap_ppm // _PPM


def _spans(
    claim: Claim,
    paid: Paid,
    *,
    charge: LateCharge,
    held: Sequence[HeldDays],
    through: date,
    currency: str,
) -> list[Span]:
    first = claim.due_on + timedelta(days=1 + charge.grace_days)
    end = through + _DAY
    days = paid.days
    cuts = {first, end, *days[bisect_left(days, first) : bisect_right(days, end)]}
    cuts |= {date(year, 1, 1) for year in range(first.year + 1, end.year + 1)}
    for each in held:
        cuts |= {each.first} | (set() if each.last is None else {each.last + _DAY})
    found: list[Span] = []
    for day, next_day in pairwise(sorted(cut for cut in cuts if first <= cut <= end)):
        is_open = claim.open_micro(paid.by(day))
        rate = charge.rate_ppm
        if day.year > claim.due_on.year and charge.later_years_rate_ppm is not None:
            rate = charge.later_years_rate_ppm
        if is_held(held, day):
            rate = 0
        if is_payable(is_open, currency):
            found.append(Span(day, next_day - _DAY, is_open, rate))
    return _joined(found)


def is_payable(open_micro: int, currency: str) -> bool:
    """Whether anybody can pay anything of it: not what is less than the smallest coin, such as a
    batch debit of a statement leaves of it."""
    return whole_minor(open_micro, currency) > 0


def is_held(held: Sequence[HeldDays], day: date) -> bool:
    """Whether the day is one of these."""
    return any(each.first <= day and (each.last is None or day <= each.last) for each in held)


def step_due(claim: Claim, terms: Terms, *, told: Collection[int], today: date) -> int | None:
    """The step of the ladder that is to be told today of a claim that is open: the last one whose
    day has come. Those before it that nobody told are passed over; none goes back."""
    if is_held(terms.unreminded, today):
        return None
    reached = [days for days in terms.reminder_days if claim.due_on + timedelta(days) <= today]
    step = max(reached, default=None)
    return None if step is None or step <= max(told, default=0) else step


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours that cost the same are one."""
    found: list[Span] = []
    for each in spans:
        last = found[-1] if found else None
        if last and last.last + _DAY == each.first and last[2:] == each[2:]:
            found[-1] = last._replace(last=each.last)
        else:
            found.append(each)
    return found


def without_late_charges(
    claims: Sequence[Claim],
    movements: Sequence[Movement],
    *,
    terms: Sequence[Terms],
    waived: Mapping[UUID, Posted],
    currency: str,
) -> tuple[Sequence[Movement], int]:
    """What of the movements paid for use, and how much of them paid late charges: nothing, where
    the terms of the newest statement that has any say that those are paid last. Where first, each
    that gives pays what late days up to the day before have cost and nobody has paid."""
    order = next((each.charge.paid for each in reversed(terms) if each.charge), "last")
    if order == "last":
        return movements, 0
    left: list[Movement] = []
    paid_micro = 0
    for each in sorted(movements):
        costs = 0
        if each.micro > 0:
            so_far = Paid(left)
            for claim, its in zip(claims, terms, strict=True):
                found = reckon(claim, so_far, terms=its, through=each.day - _DAY, currency=currency)
                given_up = waived.get(claim.statement_id, Posted()).waived_micro
                costs += max(0, found.accrued_micro - given_up)
        part = max(0, min(each.micro, costs - paid_micro))
        paid_micro += part
        left.append(each._replace(micro=each.micro - part))
    return left, paid_micro
