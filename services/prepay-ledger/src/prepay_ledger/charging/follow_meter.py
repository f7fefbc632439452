"""The fast path: the next readings of a meter, added to where it stands."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from prepay_ledger.charging.meters import MeterChange, MeterRow, OpenMeter, OpenRow, UseChange
from prepay_ledger.charging.pricing import COUNTED_MAX, Pricings
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.days import DayUsage
from prewatt_metering.usage.difference import usage_difference
from prewatt_metering.usage.open_day import OpenDay, append, turn


def follow_meter(
    *, row: MeterRow, readings: Sequence[Reading], pricings: Pricings
) -> tuple[MeterChange, UseChange] | None:
    """What ``readings``, ascending, do; none where any of them has to take the slow path, which
    also takes back what was estimated."""
    if row.open is None or row.is_estimated:
        return None
    meter = open_meter_of(row.open, pricings)
    slots_of = pricings[row.open.book].slots_of
    before, day = meter.day.usage(), meter.day
    ended: DayUsage = {}
    for reading in readings:
        appended = append(state=day, reading=reading, rule=meter.rule)
        if appended is None:
            turned = turn(state=day, reading=reading, rule=meter.rule, slots_of=slots_of)
            if turned is None:
                return None
            ended.update(turned.closed)
            appended = turned.state
        day = appended
    if max(day.piece_wh, default=0) > COUNTED_MAX or max(ended.values(), default=0) > COUNTED_MAX:
        return None
    after = ended | day.usage()
    change = MeterChange(
        row=row,
        new_readings=readings,
        open=replace(meter, day=day),
        kept={meter.agreement_id: ended} if ended else {},
    )
    return change, UseChange(
        agreement_id=meter.agreement_id,
        delta=usage_difference(before=before, after=after),
        last_read_us=day.last_at_us,
    )


def open_meter_of(row: OpenRow, pricings: Pricings) -> OpenMeter:
    """Where a meter stands, from its row."""
    return OpenMeter(
        installation_id=row.installation_id,
        agreement_id=row.agreement_id,
        rule=row.rule,
        day=OpenDay(
            slots=pricings[row.book].slots_of(row.open_day),
            piece_wh=row.piece_wh,
            since_us=row.since_us,
            last_at_us=row.last_at_us,
            last_wh=row.last_wh,
            quiet_from_us=row.quiet_from_us,
            served_until_us=row.served_until_us,
        ),
    )


def open_use(row: MeterRow | None, pricings: Pricings) -> dict[UUID, DayUsage]:
    """By agreement, what a meter's open day comes to so far; empty where it has none."""
    if row is None or row.open is None:
        return {}
    return {row.open.agreement_id: open_meter_of(row.open, pricings).day.usage()}
