"""Readings, however they came, are stored and change what their meters have used."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.charge_agreement import Charged
from prepay_ledger.charging.derive_meter import change_of_meter
from prepay_ledger.charging.follow_meter import follow_meter, open_use
from prepay_ledger.charging.meters import MeterChange, MeterHistory, MeterRow, UseChange
from prepay_ledger.charging.ordinary import GROUP_MIN, Followed, follow_ordinary
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.post_charges import charge_changes, post
from prepay_ledger.charging.post_estimates import NOTHING, take_back
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.settled import NEVER_US, history_since, settled_for
from prepay_ledger.charging.split_charged import READ, split_charged
from prepay_ledger.charging.standing import Block, Column
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading


class ReadingsCharged(NamedTuple):
    """What came of a batch."""

    due: Sequence[UUID]
    """The accounts to review."""
    followed: Sequence[Followed]
    """Those that were ordinary."""
    waiting: Sequence[str] = ()
    """Meters that nothing was changed of: what they come to rests on readings that have left."""


async def charge_readings(
    *,
    unit: Unit,
    by_meter: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    partition: int,
    now: datetime,
    remembered: Sequence[Block] = (),
    reads_exports: bool = True,
) -> ReadingsCharged:
    """Store and charge readings; those that no installation covers charge nobody until one does.
    ``remembered``: of some of the meters, whose versions are proven when it is written. Raises
    `ChangedMeanwhile` where a version is another by then. ``reads_exports``: what has left is read
    where a meter needs it, which takes seconds a meter, or raises `ReadingsHaveLeft`."""
    day = await unit.charging.posting_day()
    followed = await _ordinary(unit, by_meter, pricings, remembered=remembered, day=day, now=now)
    rest = _without(followed, by_meter)
    # All meters before any period: the order in which whoever decides locks them.
    if followed:
        await unit.charging.save_followed_meters(followed, day=day)
    waiting: list[str] | None = None if reads_exports else []
    used, derived = (
        await _one_by_one(unit, rest, pricings, day=day, waiting=waiting) if rest else ((), ())
    )
    estimated = [row.meter_id for row in derived if row.is_estimated]
    if followed and (used or not all(each.before.are_alone for each in followed)):
        followed, charged_meanwhile = await _held(unit, followed, used)
        used = [*used, *charged_meanwhile]
    if followed:
        await unit.charging.save_followed_periods(followed, day=day)
    charged: Sequence[Charged] = ()
    if used:
        charged = await charge_changes(unit=unit, changes=used, pricings=pricings, day=day, now=now)
    taken_back = NOTHING
    if estimated:
        agreements = {each.agreement_id for each in used}
        taken_back = await take_back(unit, agreements, source="readings", meter_ids=estimated)
    due = await post(
        unit=unit,
        charged=charged,
        followed=followed,
        taken_back=taken_back,
        partition=partition,
        now=now,
    )
    # What is followed is of periods that go on.
    await split_charged(unit, charged, READ, now=now)
    # What held a cut may be gone with these readings: an excursion that came back.
    slow = [row.meter_id for row in derived]
    released = await unit.charging.pending_accounts(slow) if slow else ()
    return ReadingsCharged(list(dict.fromkeys([*due, *released])), followed, waiting or ())


async def _held(
    unit: Unit, followed: Sequence[Followed], used: Sequence[UseChange]
) -> tuple[list[Followed], list[UseChange]]:
    """All periods of the batch, held in their order. Gives those meters whose periods are as they
    were read, and the use of the others, which is charged from what another writer left."""
    agreements = {each for one in followed for each in one.before.agreement_ids}
    versions = await unit.charging.hold_open_periods(agreements | {u.agreement_id for u in used})
    same: list[Followed] = []
    changed: list[UseChange] = []
    for each in followed:
        before, first = each.before, each.before.common.key.period_first
        is_same = [
            versions.get((agreement_id, first)) == version
            for agreement_id, version in zip(
                before.agreement_ids, before.column(Column.PERIOD_VERSION), strict=True
            )
        ]
        if all(is_same):
            same.append(each)
            continue
        rows = [row for row, one in enumerate(is_same) if one]
        if rows:
            same.append(each.some(rows))
        changed += each.some([row for row, one in enumerate(is_same) if not one]).used()
    return same, changed


def _without(
    followed: Sequence[Followed], by_meter: Mapping[str, Sequence[Reading]]
) -> Mapping[str, Sequence[Reading]]:
    if sum(len(each.before) for each in followed) == len(by_meter):
        return {}
    done = meters_of(followed)
    return {meter_id: some for meter_id, some in by_meter.items() if meter_id not in done}


def meters_of(followed: Sequence[Followed]) -> set[str]:
    """All of their meters."""
    return {meter_id for each in followed for meter_id in each.before.meter_ids}


async def _ordinary(
    unit: Unit,
    by_meter: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    *,
    remembered: Sequence[Block],
    day: date,
    now: datetime,
) -> Sequence[Followed]:
    if len(by_meter) < GROUP_MIN:
        return ()
    others: Collection[str] = ()
    if sum(map(len, remembered)) < len(by_meter):
        others = by_meter.keys() - {m for each in remembered for m in each.meter_ids}
    return follow_ordinary(
        standings=await unit.charging.standings(list(others)) if others else (),
        remembered=remembered,
        readings=by_meter,
        pricings=pricings,
        day=day,
        now_us=us_of(now),
    )


async def _one_by_one(
    unit: Unit,
    by_meter: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    *,
    day: date,
    waiting: list[str] | None,
) -> tuple[Sequence[UseChange], Sequence[MeterRow]]:
    """Changes of use, and the meters that were derived from all of their readings, as they were:
    the findings of others stay as they are. ``waiting``: see `derive_meters`."""
    known = await unit.charging.meters(list(by_meter))
    changed: list[MeterChange] = []
    used: list[UseChange] = []
    slow: list[MeterRow] = []
    for meter_id, readings in by_meter.items():
        row = known.get(meter_id) or new_row(meter_id)
        followed = follow_meter(row=row, readings=sorted(readings), pricings=pricings)
        if followed is None:
            slow.append(row)
        else:
            changed.append(followed[0])
            used.append(followed[1])
    if slow:
        more, uses = await derive_meters(
            unit=unit, rows=slow, new_readings=by_meter, pricings=pricings, waiting=waiting
        )
        changed += more
        used += uses
    await unit.charging.save_meters(changed, day=day)
    return used, [row for row in slow if row.meter_id not in (waiting or ())]


async def derive_meters(
    *,
    unit: Unit,
    rows: Sequence[MeterRow],
    new_readings: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    decided_from_us: int = NEVER_US,
    waiting: list[str] | None = None,
) -> tuple[list[MeterChange], list[UseChange]]:
    """The meters by the slow path, with readings that are not stored yet. ``decided_from_us``: a
    person's decision concerns what was read at this instant or later, or `EVER_US`. Raises
    `ReadingsHaveLeft` where some that it rests on have left the database and are not to be had.
    ``waiting``: no export is read, and meters that need one are put there instead."""
    changed: list[MeterChange] = []
    used: list[UseChange] = []
    lacking: list[MeterHistory] = []

    def derive(row: MeterRow, history: MeterHistory) -> None:
        # A reading that came before says nothing new, and is not stored twice.
        new = sorted(set(new_readings.get(row.meter_id, ())) - set(history.readings))
        known = replace(history, readings=[*history.readings, *new])
        settled = None
        if history.left_since is not None:
            from_us = min([decided_from_us, *(each.at_us for each in new)])
            settled = settled_for(row, known, changed_from_us=from_us, pricings=pricings)
            if settled is None:
                lacking.append(history)
                return
            known = history_since(known, settled)
        change, uses = change_of_meter(
            row=row,
            history=known,
            open_use=open_use(row, pricings),
            new_readings=new,
            pricings=pricings,
            settled=settled,
        )
        changed.append(change)
        used.extend(uses)

    histories = await unit.charging.histories(rows)
    for row in rows:
        derive(row, histories[row.meter_id])
    if waiting is not None:
        waiting += [each.meter_id for each in lacking]
    elif lacking:
        whole = await unit.charging.whole(lacking)
        for row in rows:
            if row.meter_id in whole:
                derive(row, whole[row.meter_id])
    return changed, used


def new_row(meter_id: str) -> MeterRow:
    """Of a meter that has none."""
    return MeterRow(meter_id=meter_id, version=0, day=None, open=None)
