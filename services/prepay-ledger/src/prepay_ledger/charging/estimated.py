"""What is estimated of an agreement's periods, apart from what is measured: pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.charge_agreement import PeriodState, charge_agreement
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.postings import difference
from prepay_ledger.charging.pricing import Pricing
from prepay_ledger.journal.values import Entry, Journal, SubAccount, estimated
from prewatt_metering.tariffs.periods import Period
from prewatt_metering.usage.days import DayUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedPeriod:
    """What is estimated of a period of an agreement. ``version`` 0: it is not stored yet.

    ``posted``: micro-units by the ledger account that measured use would be posted to, all of it in
    entries. ``meters``: whose use is estimated, with the latest trusted reading of each; none:
    nothing is. ``until_us``: up to when.
    """

    agreement_id: UUID
    account_id: UUID
    currency: str
    period: Period
    version: int
    energy_wh: int
    posted: Mapping[str, int]
    meters: Mapping[str, int]
    until_us: int

    @property
    def total_micro(self) -> int:
        """What it would cost."""
        return sum(self.posted.values())

    @property
    def key(self) -> tuple[UUID, date]:
        """What tells it from others."""
        return self.agreement_id, self.period.first

    def taken_back(self) -> "EstimatedPeriod":
        """Nothing is estimated any more."""
        return replace(self, energy_wh=0, posted={}, meters={})


class EstimateChange(NamedTuple):
    """A period's estimate before and after; none before: there was no row."""

    before: EstimatedPeriod | None
    after: EstimatedPeriod

    @property
    def delta(self) -> Mapping[str, int]:
        """What is to be posted, by ledger account."""
        return difference({} if self.before is None else self.before.posted, self.after.posted)

    @property
    def delta_wh(self) -> int:
        """By how many Wh more are estimated."""
        return self.after.energy_wh - (0 if self.before is None else self.before.energy_wh)


def estimate_periods(
    *,
    agreement: Agreement,
    pricing: Pricing,
    states: Mapping[date, PeriodState],
    use: DayUsage,
    meters: Mapping[str, int],
    until_us: int,
    today: date,
) -> Iterator[EstimatedPeriod]:
    """What ``use``, which nobody measured, would cost: by how much it would raise each period's
    charge as of ``today``. ``states``: as `charge_agreement` wants them. Versions are 0. Raises
    `Unrated`."""
    measured = _charged(agreement, pricing, states, {}, today)
    for first, state in sorted(_charged(agreement, pricing, states, use, today).items()):
        before = measured.get(first) or states.get(first)
        energy_wh = state.energy_wh - (0 if before is None else before.energy_wh)
        posted = difference({} if before is None else before.posted, state.posted)
        if energy_wh or posted:
            yield EstimatedPeriod(
                agreement_id=agreement.id,
                account_id=agreement.account_id,
                currency=pricing.book.versions[0].currency,
                period=state.period,
                version=0,
                energy_wh=energy_wh,
                posted=posted,
                meters=meters,
                until_us=until_us,
            )


def _charged(
    agreement: Agreement,
    pricing: Pricing,
    states: Mapping[date, PeriodState],
    use: DayUsage,
    today: date,
) -> dict[date, PeriodState]:
    """Every one of ``states`` as of the same day, whenever each was charged last."""
    charged = charge_agreement(
        agreement=agreement,
        pricing=pricing,
        states=states,
        delta=use,
        last_read_us=None,
        today=today,
        anew=True,
    )
    return {each.state.period.first: each.state for each in charged}


def estimate_changes(
    *, stored: Iterable[EstimatedPeriod], now: Iterable[EstimatedPeriod]
) -> list[EstimateChange]:
    """From what is stored to what is to stand, in order; what stands as it should is none of it."""
    before = {each.key: each for each in stored}
    after = {each.key: each for each in now}
    changes: list[EstimateChange] = []
    for key in sorted(before.keys() | after.keys()):
        known = before.get(key)
        new = after.get(key)
        if new is None:
            assert known is not None, "it is of one of the two"
            new = known.taken_back()
        new = replace(new, version=0 if known is None else known.version)
        if new != known:
            changes.append(EstimateChange(known, replace(new, version=new.version + 1)))
    return changes


def estimate_journals(changes: Iterable[EstimateChange], *, source: str) -> list[Journal]:
    """One a currency, of what changes in money or energy."""
    by_currency: dict[str, list[EstimateChange]] = {}
    for each in changes:
        if each.delta_wh or any(each.delta.values()):
            by_currency.setdefault(each.after.currency, []).append(each)
    return [
        Journal("estimate", source, currency, _entries(some), _postings(some))
        for currency, some in sorted(by_currency.items())
    ]


def _entries(changes: Sequence[EstimateChange]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            each.after.account_id,
            -sum(each.delta.values()),
            each.after.agreement_id,
            each.after.period.first,
            each.delta_wh,
            SubAccount.ESTIMATE,
        )
        for each in changes
    )


def _postings(changes: Sequence[EstimateChange]) -> dict[str, int]:
    postings: dict[str, int] = {}
    for each in changes:
        for name, micro in each.delta.items():
            postings[estimated(name)] = postings.get(estimated(name), 0) + micro
    return postings
