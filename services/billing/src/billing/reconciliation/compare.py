"""Billing's period against the ledger's: do they agree, and if not, in what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from billing.postings.values import Estimated, Posted
from billing.reconciliation.estimates import not_taken_back
from billing.reconciliation.rating import DueDays, Rated, Rating, due_days
from billing.rerating.lines import Unrated
from billing.rerating.tariffs import Tariff
from billing.rerating.use import Use
from billing.terms.values import Agreement
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.tariffs.book import NoTariff
from prewatt_metering.tariffs.periods import Period, period_of

PATIENCE = timedelta(minutes=10)
"""For how long two sides that are not equal may be on their way to each other."""


class Kind(StrEnum):
    """How a period of an agreement stands."""

    AGREES = "agrees"
    IN_FLIGHT = "in_flight"
    """Not equal, and either has just moved, or they have not taken the same readings yet."""
    DIFFERS = "differs"
    """Both have it and one of the two is wrong."""
    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_BILLING = "missing_in_billing"
    NOT_RATEABLE = "not_rateable"
    """Billing knows no tariff for it, or not what the tariff asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one of the two has for a period."""

    total_micro: int
    energy_wh: int
    standing_days: int
    last_read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome for one period of an agreement. ``unequal_since`` is none where both agree."""

    agreement_id: UUID
    account_id: UUID
    period: Period
    kind: Kind
    detail: str | None = None
    currency: str | None = None
    ours: Side | None = None
    theirs: Side | None = None
    moved_at: datetime
    unequal_since: datetime | None = None

    def stands_as(self, other: "Comparison") -> bool:
        """Whether it says what ``other`` says, whenever either side moved or was read last."""

        def said(side: Side | None) -> tuple[int, int, int] | None:
            return side and (side.total_micro, side.energy_wh, side.standing_days)

        return (
            self.theirs == other.theirs
            and said(self.ours) == said(other.ours)
            and self == replace(other, moved_at=self.moved_at, ours=self.ours, theirs=self.theirs)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that billing knows of an agreement but its readings."""

    agreement_id: UUID
    agreement: Agreement | None
    tariff: Tariff | None
    tariff_before: Tariff | None = None
    """While the ledger corrects the tariff, agreement by agreement: the one without the correction,
    by which it may still be charged."""
    tariff_fault: str | None = None
    """Why there is no tariff, where there are versions."""
    posted: Mapping[date, Posted]
    """By the first day of the period."""
    unequal_since: Mapping[date, datetime | None]
    """Of the periods that were compared before."""
    moved_at: datetime
    """When anything but ``posted`` moved last, as billing saw it."""
    estimated: Mapping[date, Estimated] = field(default_factory=dict[date, Estimated])
    """What the ledger estimates apart, by the first day of the period."""


def compare(*, known: Known, use: Use, now: datetime, settle: timedelta) -> list[Comparison]:
    """Every period that either side has something for, in order.

    A function of what is known and of ``now``: in whatever order and however often it came. What is
    not equal is in flight for ``settle`` after either side moved, and for `PATIENCE` where both
    have not taken the same readings; but for no longer than `PATIENCE` in all, so that a meter that
    never rests hides nothing.
    """
    return [
        found if found.kind is Kind.AGREES else _settled(found, known, now=now, settle=settle)
        for found in _with_estimates(list(_compared(known, use, now)), known, use)
    ]


def next_look(
    *, known: Known, compared: list[Comparison], now: datetime, settle: timedelta
) -> datetime | None:
    """When the agreement must be compared again though nothing moves; none: never."""
    waits = [
        min(each.moved_at + settle, each.unequal_since + PATIENCE)
        if each.moved_at + settle > now
        else each.unequal_since + PATIENCE
        for each in compared
        if each.kind is Kind.IN_FLIGHT and each.unequal_since is not None
    ]
    agreement, tariff = known.agreement, known.tariff
    if agreement is not None and tariff is not None and not _is_over(agreement, tariff, now):
        waits.append(due_days(tariff, now).next_look_at)
    return min(waits, default=None)


def _is_over(agreement: Agreement, tariff: Tariff, now: datetime) -> bool:
    """Whether all its periods were closed a day ago and more: time changes nothing then."""
    if agreement.end_day is None:
        return False
    last = period_of(agreement.end_day, cycle=tariff.book.cycle)
    return due_days(tariff, now).yesterday > last.end


def _with_estimates(compared: list[Comparison], known: Known, use: Use) -> list[Comparison]:
    """An estimate is in nothing that is compared; but it must end with the next reading."""
    for first, wrong in not_taken_back(known.estimated, use).items():
        estimated = known.estimated[first]
        found = next((each for each in compared if each.period.first == first), None)
        detail = wrong if found is None or found.detail is None else f"{found.detail}; {wrong}"
        base = found or Comparison(
            agreement_id=known.agreement_id,
            account_id=estimated.account_id,
            period=Period(first, estimated.period_end),
            kind=Kind.AGREES,
            moved_at=known.moved_at,
        )
        kind = Kind.DIFFERS if base.kind is Kind.AGREES else base.kind
        moved_at = max(base.moved_at, estimated.changed_at)
        compared = [each for each in compared if each is not found]
        compared.append(replace(base, kind=kind, detail=detail, moved_at=moved_at))
    return sorted(compared, key=lambda each: each.period.first)


def _compared(known: Known, use: Use, now: datetime) -> Iterator[Comparison]:
    agreement, tariff = known.agreement, known.tariff
    if agreement is None or tariff is None:
        for first, posted in sorted(known.posted.items()):
            yield _unknown(known, first, posted)
        return
    rating = Rating(agreement=agreement, tariff=tariff, use=use)
    before = [
        Rating(agreement=agreement, tariff=each, use=use) for each in (known.tariff_before,) if each
    ]
    days = due_days(tariff, now)
    periods = {each.first: each for each in rating.periods(days)}
    for first in sorted(periods.keys() | known.posted.keys()):
        period = periods.get(first) or period_of(first, cycle=tariff.book.cycle)
        posted = known.posted.get(first)
        if period.first != first:
            assert posted is not None, "billing's own periods are the calendar's"
            odd = f"{first} is the first day of no period"
            unknown = _unknown(known, first, posted)
            yield replace(unknown, kind=Kind.MISSING_IN_BILLING, detail=odd)
            continue
        if first in periods:
            found = _one(known, [rating, *before], days, period, posted)
            if found is not None:
                yield found
        elif posted is not None:
            yield _of_no_day(known, rating, period, posted)


def _unknown(known: Known, first: date, posted: Posted) -> Comparison:
    """Of a period that the ledger alone has."""
    no_tariff = known.agreement is not None
    return Comparison(
        agreement_id=known.agreement_id,
        account_id=posted.account_id,
        period=Period(first, posted.period_end),
        kind=Kind.NOT_RATEABLE if no_tariff else Kind.MISSING_IN_BILLING,
        detail=known.tariff_fault or ("the tariff is not known" if no_tariff else None),
        theirs=_theirs(posted),
        moved_at=max(known.moved_at, posted.changed_at),
    )


def _of_no_day(known: Known, rating: Rating, period: Period, posted: Posted) -> Comparison:
    """Of a period in which billing has no day and no use of the agreement."""
    found = replace(_unknown(known, period.first, posted), currency=rating.tariff.currency)
    taken_back = not (posted.standing_days or posted.energy_wh or posted.total_micro)
    return replace(found, kind=Kind.AGREES if taken_back else Kind.MISSING_IN_BILLING, detail=None)


def _one(
    known: Known,
    ratings: Sequence[Rating],
    days: DueDays,
    period: Period,
    posted: Posted | None,
) -> Comparison | None:
    """None where neither side has anything. ``ratings``: by the tariff, and by what else the ledger
    may still charge."""
    rating, agreement = ratings[0], ratings[0].agreement
    base = Comparison(
        agreement_id=known.agreement_id,
        account_id=agreement.account_id,
        period=period,
        kind=Kind.AGREES,
        currency=rating.tariff.currency,
        theirs=None if posted is None else _theirs(posted),
        moved_at=known.moved_at if posted is None else max(known.moved_at, posted.changed_at),
    )
    try:
        expected = rating.expected(period, days)
        said = [
            each
            for one in ratings
            if posted is not None
            for each in one.at(period, days, posted.standing_days)
        ]
    except (NoTariff, Unrated) as error:
        return replace(base, kind=Kind.NOT_RATEABLE, detail=str(error))
    if posted is None:
        # The first hours of a period without use owe nothing yet: the ledger has its time too.
        if any(each.is_free for each in expected):
            return None
        ours = expected[-1]
        return replace(base, kind=Kind.MISSING_IN_LEDGER, ours=_ours(ours, rating.use, period))
    match = next((each for each in said if each.equals(posted)), None)
    if match is not None and posted.standing_days in {each.standing_days for each in expected}:
        wrong = _wrong_frame(agreement, period, posted)
        kind = Kind.DIFFERS if wrong else Kind.AGREES
        return replace(base, kind=kind, detail=wrong, ours=_ours(match, rating.use, period))
    return _unlike(base, rating, expected, posted)


def _unlike(base: Comparison, rating: Rating, expected: list[Rated], posted: Posted) -> Comparison:
    ours = next(
        (each for each in reversed(expected) if each.standing_days == posted.standing_days),
        expected[-1],
    )
    named = (
        ("energy_wh", posted.energy_wh, ours.energy_wh),
        ("standing_days", posted.standing_days, ours.standing_days),
        ("total_micro", posted.total_micro, ours.total_micro),
    )
    detail = "; ".join(
        f"{name} is {theirs}, billing has {own}" for name, theirs, own in named if theirs != own
    )
    return replace(
        base, kind=Kind.DIFFERS, detail=detail or None, ours=_ours(ours, rating.use, base.period)
    )


def _wrong_frame(agreement: Agreement, period: Period, posted: Posted) -> str | None:
    """What is wrong around equal amounts."""
    if posted.account_id != agreement.account_id:
        return f"the ledger charged account {posted.account_id}"
    if posted.period_end != period.end:
        return f"the ledger's period ends on {posted.period_end}, not on {period.end}"
    return None


def _settled(found: Comparison, known: Known, *, now: datetime, settle: timedelta) -> Comparison:
    since = known.unequal_since.get(found.period.first) or now
    unequal = replace(found, unequal_since=since)
    if now - since >= PATIENCE:
        return unequal
    moved = now - found.moved_at < settle
    ours, theirs = found.ours, found.theirs
    elsewhere = ours is not None and theirs is not None and ours.last_read_at != theirs.last_read_at
    return replace(unequal, kind=Kind.IN_FLIGHT) if moved or elsewhere else unequal


def _ours(rated: Rated, use: Use, period: Period) -> Side:
    last_read_us = use.last_read_us.get(period.first)
    return Side(
        total_micro=rated.total_micro,
        energy_wh=rated.energy_wh,
        standing_days=rated.standing_days,
        last_read_at=None if last_read_us is None else instant_of(last_read_us),
    )


def _theirs(posted: Posted) -> Side:
    return Side(
        total_micro=posted.total_micro,
        energy_wh=posted.energy_wh,
        standing_days=posted.standing_days,
        last_read_at=posted.last_read_at,
    )
