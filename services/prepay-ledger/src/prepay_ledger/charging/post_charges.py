"""Changes of use become charges: periods' states, balances, and totals for billing, in bulk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.charge_agreement import (
    Charged,
    PeriodState,
    charge_agreement,
    periods_concerned,
)
from prepay_ledger.charging.meters import Agreement, UseChange, later_us, sum_of_use
from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.post_estimates import (
    NOTHING,
    TakenBack,
    enter_taken_back,
    told_estimate,
)
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.standing import Column
from prepay_ledger.epochs.values import first_number
from prepay_ledger.events import charges_event
from prepay_ledger.journal.values import Balance
from prewatt_common.contracts.ledger_charges_v1 import (
    ChargesPosted,
    PostedBalance,
    PostedCharge,
    PostedEstimate,
)
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.usage.days import DayUsage


class Posted(NamedTuple):
    """What came of posting: the accounts to review, and the periods that were charged."""

    due: Sequence[UUID]
    charged: Sequence[Charged]


CHARGES_PER_EVENT_MAX = 1_000
"""Keeps an event well under Kafka's message limit."""


async def post_charges(
    *,
    unit: Unit,
    changes: Sequence[UseChange] = (),
    also: Sequence[Agreement] = (),
    anew: bool = False,
    taken_back: TakenBack = NOTHING,
    pricings: Pricings,
    partition: int,
    day: date,
    now: datetime,
) -> Posted:
    """`charge_changes` and `post` together."""
    charged = await charge_changes(
        unit=unit, changes=changes, also=also, anew=anew, pricings=pricings, day=day, now=now
    )
    due = await post(
        unit=unit, charged=charged, taken_back=taken_back, partition=partition, now=now
    )
    return Posted(due, charged)


async def charge_changes(
    *,
    unit: Unit,
    changes: Sequence[UseChange],
    also: Sequence[Agreement] = (),
    anew: bool = False,
    pricings: Pricings,
    day: date,
    now: datetime,
) -> list[Charged]:
    """What the charge of every period now is, stored, with what is to be posted of it. ``also``:
    agreements that are to be looked at without a change of use; ``anew``: in all their periods;
    ``day``: the posting day. Where another transaction charges one of them we wait for its commit,
    and rate what it left."""
    deltas = _by_agreement(changes)
    known = {each.id: each for each in also}
    missing = deltas.keys() - known.keys()
    if missing:
        known |= await unit.charging.agreements(missing)
    await unit.charging.hold_open_periods(known.keys())
    states = await states_of(unit, known, deltas, pricings, anew=anew)
    charged: list[Charged] = []
    for agreement_id in sorted(known):
        agreement = known[agreement_id]
        pricing = pricings[agreement.book]
        delta, last_read_us = deltas.get(agreement_id, ({}, None))
        charged += charge_agreement(
            agreement=agreement,
            pricing=pricing,
            states=states.get(agreement_id, {}),
            delta=delta,
            last_read_us=last_read_us,
            today=pricing.calendar.day_of(us_of(now)),
            anew=anew,
        )
    if charged:
        await unit.charging.save_periods(charged, day=day)
    return charged


async def post(
    *,
    unit: Unit,
    charged: Sequence[Charged],
    followed: Sequence[Followed] = (),
    taken_back: TakenBack = NOTHING,
    partition: int,
    now: datetime,
) -> Sequence[UUID]:
    """Balances move, estimates end, and billing is told; gives the accounts to review. Entries of
    charges are made when the posting day is over (`EnterCharges`)."""
    if not charged and not followed and not taken_back.changes:
        return ()
    amounts = dict.fromkeys(taken_back.account_ids, 0) | _moved(charged, followed)
    moved = await unit.journals.move(amounts)
    if taken_back.changes:
        await enter_taken_back(unit, taken_back, at=now)
    above = first_number(await unit.charging.epoch())
    balances = {each.account_id: each for each in moved}
    rows = [told(each.state, balances, above=above) for each in charged if is_begun(each.state)]
    for each in followed:
        rows += _told_of(each, balances, above=above)
    for row in rows:
        balances.pop(row.account_id, None)
    others = tuple(
        PostedBalance(each.account_id, each.number, each.balance_micro)
        for each in balances.values()
    )
    await tell_charges(
        unit=unit,
        rows=rows,
        others=others,
        estimates=[told_estimate(each.after, above=above) for each in taken_back.changes],
        partition=partition,
        now=now,
    )
    return [each.account_id for each in moved if each.is_due]


async def tell_charges(
    *,
    unit: Unit,
    rows: Sequence[PostedCharge] = (),
    others: Sequence[PostedBalance] = (),
    estimates: Sequence[PostedEstimate] = (),
    partition: int,
    now: datetime,
) -> None:
    """Tell billing what stands, a thousand an event. ``others``: balances that moved without one of
    ``rows``; ``estimates``: those that changed."""
    await unit.publish(
        [
            charges_event(
                ChargesPosted(
                    posted_at=now,
                    charges=tuple(rows[at : at + CHARGES_PER_EVENT_MAX]),
                    balances=tuple(others[at : at + CHARGES_PER_EVENT_MAX]),
                    estimates=tuple(estimates[at : at + CHARGES_PER_EVENT_MAX]),
                ),
                partition=partition,
                at=now,
            )
            for at in range(0, max(len(rows), len(others), len(estimates)), CHARGES_PER_EVENT_MAX)
        ]
    )


def _by_agreement(changes: Iterable[UseChange]) -> dict[UUID, tuple[DayUsage, int | None]]:
    """All meters' together: they share blocks and standing charge."""
    found: dict[UUID, tuple[DayUsage, int | None]] = {}
    for each in changes:
        delta, last_us = found.get(each.agreement_id, ({}, None))
        found[each.agreement_id] = (
            sum_of_use(delta, each.delta) if delta else each.delta,
            later_us(last_us, each.last_read_us),
        )
    return found


async def states_of(
    unit: Unit,
    agreements: Mapping[UUID, Agreement],
    deltas: Mapping[UUID, tuple[DayUsage, int | None]],
    pricings: Pricings,
    *,
    anew: bool = False,
) -> Mapping[UUID, Mapping[date, PeriodState]]:
    """The stored periods that `charge_agreement` wants, by agreement. ``deltas``: by how much each
    agreement's use changes, and its latest reading."""
    whole: set[UUID] = set()
    days: set[tuple[UUID, date]] = set()
    for agreement_id, agreement in agreements.items():
        pricing = pricings[agreement.book]
        if anew or pricing.has_annual_blocks:
            whole.add(agreement_id)
        elif agreement_id in deltas:
            concerned = periods_concerned(pricing, *deltas[agreement_id])
            days |= {(agreement_id, period.first) for period in concerned}
    found = dict(await unit.charging.periods(agreements.keys() - whole, days))
    if whole:
        found |= await unit.charging.all_periods(whole)
    return found


def _moved(charged: Sequence[Charged], followed: Sequence[Followed]) -> dict[UUID, int]:
    """What each account's balance moves by, in micro-units."""
    moved: dict[UUID, int] = {}
    for each in charged:
        if each.delta:
            account_id = each.state.account_id
            moved[account_id] = moved.get(account_id, 0) - each.delta_micro
    for one in followed:
        for account_id, micro in one.moved():
            moved[account_id] = moved.get(account_id, 0) + micro
    return moved


def is_begun(state: PeriodState) -> bool:
    """Of a period that is still to come there is nothing to tell."""
    return state.version > 1 or bool(state.standing_days or state.energy or state.posted)


def told(state: PeriodState, balances: Mapping[UUID, Balance], *, above: int) -> PostedCharge:
    """The period as billing is told of it, with its account's balance where that moved; ``above``:
    what versions begin with."""
    balance = balances.get(state.account_id)
    return PostedCharge(
        state.agreement_id,
        state.account_id,
        state.period.first,
        state.period.end,
        above + state.version,
        state.standing_days,
        state.energy_wh,
        state.total_micro,
        None if state.last_read_us is None else instant_of(state.last_read_us),
        None if balance is None else balance.number,
        None if balance is None else balance.balance_micro,
    )


def _told_of(
    each: Followed, balances: Mapping[UUID, Balance], *, above: int
) -> Iterator[PostedCharge]:
    after, common = each.after, each.after.common
    period = common.simple.period
    energy_wh: list[int] = after.energy_wh.tolist()
    total_micro: list[int] = after.posted_micro.tolist()
    last_read_us = after.column(Column.LAST_READ_US)
    # Many meters read at the same instants.
    instants = {each: instant_of(each) for each in set(last_read_us)}
    for agreement_id, account_id, version, days, wh, micro, last_us in zip(
        after.agreement_ids,
        after.account_ids,
        after.column(Column.PERIOD_VERSION),
        after.column(Column.STANDING_DAYS),
        energy_wh,
        total_micro,
        last_read_us,
        strict=True,
    ):
        balance = balances.get(account_id)
        yield PostedCharge(
            agreement_id,
            account_id,
            period.first,
            period.end,
            above + version,
            days,
            wh,
            micro,
            instants[last_us],
            None if balance is None else balance.number,
            None if balance is None else balance.balance_micro,
        )
