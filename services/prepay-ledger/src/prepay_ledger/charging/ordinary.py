"""Ordinary readings of a batch, in columns: the next ones of a meter's open day, at an agreement of
one simple tariff version whose period nothing but energy changes.

Gives to the micro-unit what `follow_meter` and `charge_agreement` give one by one, which are its
test, at a tenth of the cost: nothing is made for a meter but what is stored of it. Whatever is not
that plain is left to them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import numpy as np

from prepay_ledger.charging.postings import difference
from prepay_ledger.charging.pricing import Pricing, Pricings, Simple
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.batch import TooLarge, charge_batch
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.batch import LIMIT_W_MAX, Bools, Ints, OpenDays, append_many, put

GROUP_MIN = 8
"""Fewer are quicker one by one."""
_INT64_MAX = int(np.iinfo(np.int64).max)


class Standing(NamedTuple):
    """Where a meter and a period of its agreement that is not closed stand, as stored. A tuple: one
    is read for every reading."""

    meter_id: str
    version: int
    day: date
    """The posting day on which the readings came that lie in the row."""
    agreement_id: UUID
    tariff_code: str
    corrections: int
    open_day: date
    quiet_from_us: int
    served_until_us: int
    last_at_us: int
    last_wh: int
    piece_wh: Sequence[int]
    limit_w: int
    resolution_wh: int
    multiplier: int
    modulus_wh: int | None
    account_id: UUID
    period_first: date
    period_end: date
    period_version: int
    energy: dict[str, dict[str, int]]
    standing_days: int
    due_day: date
    posted: dict[str, int]
    last_read_us: int | None


class Followed(NamedTuple):
    """A meter and its agreement's period after its readings of a batch, and what is to be
    posted."""

    before: Standing
    readings: Sequence[Reading]
    """At least one, ascending."""
    piece_wh: Sequence[int]
    energy: dict[str, dict[str, int]]
    energy_wh: int
    """Of all slots."""
    posted: dict[str, int]
    posted_micro: int
    last_read_us: int
    delta: dict[str, int]


def follow_ordinary(
    *,
    standings: Sequence[Standing],
    readings: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    now_us: int,
) -> list[Followed]:
    """What the readings do: of each meter one or several, in any order. A meter that is not in the
    answer is not ordinary, with all of its readings."""
    groups: dict[tuple[str, int, date, date], list[Standing]] = {}
    for each in _alone(standings):
        common = each.tariff_code, each.corrections, each.open_day, each.period_first
        groups.setdefault(common, []).append(each)
    followed: list[Followed] = []
    for (code, corrections, day, _), group in groups.items():
        if len(group) < GROUP_MIN:
            continue
        pricing = pricings[code, corrections]
        simple = pricing.simple(pricing.period_of(day))
        if simple is not None:
            today = pricing.calendar.day_of(now_us)
            followed += _follow(group, readings, _Day(pricing, simple, day, today))
    return followed


def _alone(standings: Sequence[Standing]) -> Iterator[Standing]:
    """Without those whose agreement another meter of the batch feeds: they share its period."""
    meter_of: dict[UUID, str | None] = {}
    for each in standings:
        known = meter_of.setdefault(each.agreement_id, each.meter_id)
        if known != each.meter_id:
            meter_of[each.agreement_id] = None
    return (each for each in standings if meter_of[each.agreement_id] is not None)


class _Day(NamedTuple):
    """What a group has in common: its tariff, how its period is rated, its open day; and today."""

    pricing: Pricing
    simple: Simple
    day: date
    today: date


def _follow(
    group: Sequence[Standing], readings: Mapping[str, Sequence[Reading]], common: _Day
) -> list[Followed]:
    pricing, simple, day, today = common
    slots = pricing.slots_of(day)
    period = simple.period
    most = _rounds([len(readings[each.meter_id]) for each in group])
    some = [
        each
        for each in group
        if each.period_first == period.first
        and each.due_day > today
        and len(each.piece_wh) == len(slots.pieces)
        and len(readings[each.meter_id]) <= most
    ]
    if not some:
        return []
    read = [sorted(readings[each.meter_id]) for each in some]
    days = _open_days(some, slots)
    before_wh = days.piece_wh.copy()
    slow = _append(days, read)
    used = _by_slot(days.piece_wh - before_wh, slots, simple.slots)
    energy = _column([[_of_slot(e.energy, slot) for slot in simple.slots] for e in some]) + used
    try:
        result = charge_batch(
            version=simple.version,
            period=period,
            energy_wh=energy,
            days=_column([each.standing_days for each in some]),
        )
    except TooLarge:
        return []
    part = max(pricing.part_of(day), period.first).isoformat()
    # Python's integers again: numpy's are slow one by one.
    amounts = _by_account(result.amount_micro, simple).tolist()
    energies: list[int] = energy.sum(axis=1).tolist()
    totals: list[int] = result.amount_micro.sum(axis=1).tolist()
    pieces: list[list[int]] = days.piece_wh.tolist()
    is_slow: list[bool] = slow.tolist()
    uses: list[list[int]] = used.tolist()
    return [
        Followed(
            each,
            read[at],
            pieces[at],
            _with(each.energy, part, simple.slots, uses[at]),
            energies[at],
            posted := _posted(simple.accounts, amounts[at]),
            totals[at],
            max(read[at][-1].at_us, each.last_read_us or 0),
            difference(each.posted, posted),
        )
        for at, each in enumerate(some)
        if not is_slow[at]
    ]


def _rounds(counts: Sequence[int]) -> int:
    """The most readings of a meter that are followed in columns: `GROUP_MIN` meters have as many.
    ``counts``: of each meter, `GROUP_MIN` of them or more."""
    return sorted(counts, reverse=True)[GROUP_MIN - 1]


def _append(days: OpenDays, read: Sequence[Sequence[Reading]]) -> Bools:
    """Appends in rounds: the first reading of every row, then the second of those that have one,
    and so on. ``read``: by row of ``days``, ascending. Changes ``days``; gives by row whether any
    of its readings is slow, and what ``days`` has of such a row is of no use."""
    flat = list(chain.from_iterable(read))
    at_us, register_wh = _column([r.at_us for r in flat]), _column([r.register_wh for r in flat])
    count = _column([len(some) for some in read])
    first = np.cumsum(count) - count
    # One that leaves at its last reading needs no round for those before.
    is_slow = at_us[first + count - 1] > days.until_us
    for number in range(int(count.max())):
        rows = np.flatnonzero((count > number) & ~is_slow)
        at = first[rows] + number
        of_us, of_wh = at_us[at], register_wh[at]
        appended = append_many(days=days, rows=rows, at_us=of_us, register_wh=of_wh)
        put(days=days, rows=rows, at_us=of_us, register_wh=of_wh, appended=appended)
        is_slow[rows] = appended.is_slow
    return is_slow


def _with(
    energy: dict[str, dict[str, int]], part: str, slots: Sequence[str], used: Sequence[int]
) -> dict[str, dict[str, int]]:
    of_part = dict(energy[part]) if part in energy else {}
    for slot, wh in zip(slots, used, strict=True):
        if wh:
            of_part[slot] = of_part.get(slot, 0) + wh
    return {**energy, part: of_part} if of_part else energy


def _posted(accounts: Sequence[str], amounts: Sequence[int]) -> dict[str, int]:
    return {name: micro for name, micro in zip(accounts, amounts, strict=True) if micro}


def _open_days(some: Sequence[Standing], slots: DaySlots) -> OpenDays:
    end_us = slots.end_us
    return OpenDays(
        slots=slots,
        piece_wh=_column([each.piece_wh for each in some]),
        last_at_us=_column([each.last_at_us for each in some]),
        last_wh=_column([each.last_wh for each in some]),
        quiet_from_us=_column([each.quiet_from_us for each in some]),
        until_us=_column([min(each.served_until_us, end_us) for each in some]),
        limit_w=_column([min(each.limit_w, LIMIT_W_MAX) for each in some]),
        resolution_wh=_column([each.resolution_wh for each in some]),
        multiplier=_column([each.multiplier for each in some]),
        modulus_wh=_column(
            [_INT64_MAX if each.modulus_wh is None else each.modulus_wh for each in some]
        ),
    )


def _column(values: Sequence[int] | Sequence[Sequence[int]]) -> Ints:
    return np.array(values, np.int64)


def _of_slot(energy: dict[str, dict[str, int]], slot: str) -> int:
    return sum(of_part.get(slot, 0) for of_part in energy.values())


def _by_slot(piece_wh: Ints, slots: DaySlots, names: Sequence[str]) -> Ints:
    used = np.zeros((len(piece_wh), len(names)), np.int64)
    for number, (_, name) in enumerate(slots.pieces):
        used[:, names.index(name)] += piece_wh[:, number]
    return used


def _by_account(amount_micro: Ints, simple: Simple) -> Ints:
    summed = np.zeros((len(amount_micro), len(simple.accounts)), np.int64)
    for number, place in enumerate(simple.account_of_column):
        summed[:, place] += amount_micro[:, number]
    return summed
