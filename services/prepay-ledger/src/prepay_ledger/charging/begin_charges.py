"""Agreements that have just begun, of accounts that nobody has seen yet, are charged: those of the
same terms alike, so that what a thousand households are charged is worked out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from msgspec.structs import replace

from prepay_ledger.charging.charge_agreement import Charged, charge_agreement
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.post_charges import is_begun, tell_charges, told
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.epochs.values import first_number
from prepay_ledger.journal.values import Balance
from prepay_ledger.tariffs.book import BookKey
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.rating.part import Enterprise

_Terms: TypeAlias = tuple[BookKey, date, date | None, Enterprise]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Agreements of the same terms, and what each of them is charged: the periods of the first."""

    agreements: Sequence[Agreement]
    charged: Sequence[Charged]

    @property
    def moved_micro(self) -> int | None:
        """What each account's balance moves by; none where nothing is to be posted."""
        if not any(each.delta for each in self.charged):
            return None
        return -sum(each.delta_micro for each in self.charged)


def first_charges(
    agreements: Sequence[Agreement], *, pricings: Pricings, now: datetime
) -> Sequence[Alike]:
    """What new agreements whose meters have told of nothing are charged by ``now``. Raises
    `Unrated`."""
    by_terms: dict[_Terms, list[Agreement]] = {}
    for each in agreements:
        terms = (each.book, each.first_day, each.end_day, each.enterprise)
        by_terms.setdefault(terms, []).append(each)
    return [
        Alike(agreements=some, charged=_first(some[0], pricings, now=now))
        for some in by_terms.values()
    ]


def _first(agreement: Agreement, pricings: Pricings, *, now: datetime) -> Sequence[Charged]:
    pricing = pricings[agreement.book]
    return charge_agreement(
        agreement=agreement,
        pricing=pricing,
        states={},
        delta={},
        last_read_us=None,
        today=pricing.calendar.day_of(us_of(now)),
        anew=True,
    )


async def begin_charges(
    *,
    unit: Unit,
    alike: Sequence[Alike],
    balances: Mapping[UUID, Balance],
    day: date,
    now: datetime,
) -> None:
    """Store the periods, and tell billing. ``balances``: those that the charges moved, as they have
    left them; ``day``: the posting day."""
    above = first_number(await unit.charging.epoch())
    rows: list[PostedCharge] = []
    for each in alike:
        await unit.charging.begin_periods(
            [charged.state for charged in each.charged],
            [(agreement.id, agreement.account_id) for agreement in each.agreements],
            day=day,
        )
        for charged in each.charged:
            if is_begun(charged.state):
                rows += _told(told(charged.state, {}, above=above), each.agreements, balances)
    await tell_charges(unit=unit, rows=rows, partition=0, now=now)


def _told(
    first: PostedCharge, agreements: Sequence[Agreement], balances: Mapping[UUID, Balance]
) -> list[PostedCharge]:
    """What ``first`` tells, of each agreement."""
    rows: list[PostedCharge] = []
    for agreement in agreements:
        balance = balances.get(agreement.account_id)
        rows.append(
            replace(
                first,
                agreement_id=agreement.id,
                account_id=agreement.account_id,
                balance_number=None if balance is None else balance.number,
                balance_micro=None if balance is None else balance.balance_micro,
            )
        )
    return rows
