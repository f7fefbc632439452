"""Charge bindings with readings: states, a journal, and charges for billing, in bulk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.charge_months import (
    BindingState,
    Charged,
    PostedMonth,
    Reading,
    charge_current_month,
    charge_with_history,
    needs_history,
)
from prepay_ledger.charging.ports import Unit
from prepay_ledger.events import charges_event
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.seals.epochs import first_number
from prepay_ledger.tariffs.book import TariffBook
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedCharge

CHARGES_PER_EVENT_MAX = 1_000
"""Keeps an event well under Kafka's message limit."""


async def charge_bindings(
    *,
    unit: Unit,
    work: Sequence[tuple[BindingState, Sequence[Reading]]],
    tariffs: TariffBook,
    source: str,
    partition: int,
    now: datetime,
) -> Sequence[UUID]:
    """Posts ``C(now) - posted`` for every binding of ``work``; gives the accounts to review."""
    histories = await _histories(unit, work, tariffs)
    charged: list[Charged] = []
    for state, readings in work:
        versions = tariffs.versions(state.tariff_code)
        clock = tariffs.clock(state.tariff_code)
        closed = histories.get(state.binding_id)
        if closed is None:
            result = charge_current_month(
                state=state, readings=readings, versions=versions, clock=clock
            )
        else:
            result = charge_with_history(
                state=state, closed=closed, readings=readings, versions=versions, clock=clock
            )
        if result is not None:
            charged.append(result)
    if not charged:
        return ()
    await unit.charging.save(charged)
    due: Sequence[UUID] = ()
    journal = _journal(charged, source=source)
    if journal.entries:
        _, due = await unit.journals.post(journal, at=now)
    above = first_number(await unit.charging.epoch())
    posted = [row for each in charged for row in _posted(each, above=above)]
    await unit.publish(
        [
            charges_event(
                ChargesPosted(
                    posted_at=now, charges=tuple(posted[at : at + CHARGES_PER_EVENT_MAX])
                ),
                partition=partition,
                at=now,
            )
            for at in range(0, len(posted), CHARGES_PER_EVENT_MAX)
        ]
    )
    return due


async def _histories(
    unit: Unit,
    work: Sequence[tuple[BindingState, Sequence[Reading]]],
    tariffs: TariffBook,
) -> Mapping[UUID, Sequence[PostedMonth]]:
    """The older months of the bindings that need them: few, but at a month's turn all."""
    wanted = [
        state.binding_id
        for state, readings in work
        if needs_history(state=state, readings=readings, clock=tariffs.clock(state.tariff_code))
    ]
    if not wanted:
        return {}
    found = await unit.charging.closed_months(wanted)
    return {binding_id: found.get(binding_id, ()) for binding_id in wanted}


def _journal(charged: Sequence[Charged], *, source: str) -> Journal:
    entries: list[Entry] = []
    energy = standing = tax = 0
    for each in charged:
        for month in each.months:
            delta = month.delta
            amount = delta.total_micro
            if amount == 0 and delta.energy_micro == 0 and delta.standing_micro == 0:
                continue
            energy += delta.energy_micro
            standing += delta.standing_micro
            tax += delta.tax_micro
            entries.append(
                Entry(each.state.account_id, -amount, each.state.binding_id, str(month.usage.month))
            )
    postings: dict[str, int] = {
        UtilityAccount.REVENUE_ENERGY: energy,
        UtilityAccount.REVENUE_STANDING: standing,
        UtilityAccount.TAX: tax,
    }
    return Journal(kind="charge", source=source, entries=tuple(entries), postings=postings)


def _posted(each: Charged, *, above: int) -> list[PostedCharge]:
    state = each.state
    return [
        PostedCharge(
            state.binding_id,
            state.account_id,
            state.meter_id,
            str(month.usage.month),
            above + state.version,
            month.usage.max_wh,
            month.usage.last_at,
            month.usage.energy_wh,
            month.charge.total_micro,
        )
        for month in each.months
    ]
