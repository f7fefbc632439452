"""Ordinary readings of a batch, in columns: the next ones of a meter's open day, at an agreement of
one simple tariff version whose period nothing but energy changes.

Gives to the micro-unit what `follow_meter` and `charge_agreement` give one by one, which are its
test, at a tenth of the cost: nothing is made for a meter but what is stored of it. Whatever is not
that plain is left to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from uuid import UUID

import numpy as np

from prepay_ledger.charging.meters import UseChange
from prepay_ledger.charging.pricing import Pricings, Simple
from prepay_ledger.charging.standing import (
    Block,
    Column,
    Common,
    Key,
    Standing,
    block_of,
    common_of,
    joined,
    key_of,
)
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.batch import TooLarge, charge_batch
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.batch import Bools, Ints, OpenDays, append_many, put

GROUP_MIN = 8
"""Fewer are quicker one by one."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Meters and their agreements' periods before and after their readings of a batch."""

    before: Block
    after: Block
    readings: list[list[Reading]]
    """Of each meter at least one, ascending."""

    def some(self, rows: Sequence[int]) -> "Followed":
        """These rows, in this order."""
        return Followed(
            self.before.some(rows), self.after.some(rows), [self.readings[row] for row in rows]
        )

    def used(self) -> Iterator[UseChange]:
        """What each meter has used more, for who has to charge its period from another state than
        ``before``."""
        common, after = self.after.common, self.after
        more = after.numbers[:, common.energy] - self.before.numbers[:, common.energy]
        rows: list[list[int]] = more.tolist()
        for agreement_id, row, read in zip(after.agreement_ids, rows, self.readings, strict=True):
            slots = zip(common.simple.slots, row, strict=True)
            yield UseChange(
                agreement_id=agreement_id,
                delta={(common.key.open_day, slot): wh for slot, wh in slots if wh},
                last_read_us=read[-1].at_us,
            )

    def moved(self) -> Iterator[tuple[UUID, int]]:
        """The accounts to whose ledger accounts something is posted, and what their balances move
        by, in micro-units."""
        posted = self.after.common.posted
        delta = self.after.numbers[:, posted] - self.before.numbers[:, posted]
        is_some = np.count_nonzero(delta, axis=1).tolist()
        total: list[int] = delta.sum(axis=1).tolist()
        for account_id, some, micro in zip(self.after.account_ids, is_some, total, strict=True):
            if some:
                yield account_id, -micro


def follow_ordinary(
    *,
    standings: Sequence[Standing],
    remembered: Sequence[Block] = (),
    readings: Mapping[str, Sequence[Reading]],
    pricings: Pricings,
    day: date,
    now_us: int,
) -> list[Followed]:
    """What the readings do: of each meter one or several, in any order; ``day``: the posting day.
    A meter that is not in the answer is not ordinary, with all of its readings."""
    groups: dict[Key, list[Standing]] = {}
    for each in _alone(standings):
        groups.setdefault(key_of(each), []).append(each)
    blocks: dict[Key, list[Block]] = {}
    for block in remembered:
        blocks.setdefault(block.common.key, []).append(block)
    followed: list[Followed] = []
    for key in {**groups, **blocks}:
        some, known = groups.get(key, ()), blocks.get(key, [])
        if len(some) + sum(map(len, known)) < GROUP_MIN:
            continue
        pricing = pricings[key.tariff_code, key.corrections]
        common = common_of(key, pricing)
        if common is None:
            continue
        block = joined([*(e for e in known if e.common == common), block_of(common, some)])
        one = _follow(block, readings, day=day, today=pricing.calendar.day_of(now_us))
        if one is not None:
            followed.append(one)
    return followed


def _alone(standings: Sequence[Standing]) -> Iterator[Standing]:
    """Without those whose agreement another meter of the batch feeds: they share its period."""
    meter_of: dict[UUID, str | None] = {}
    for each in standings:
        known = meter_of.setdefault(each.agreement_id, each.meter_id)
        if known != each.meter_id:
            meter_of[each.agreement_id] = None
    return (each for each in standings if meter_of[each.agreement_id] is not None)


def _follow(
    block: Block, readings: Mapping[str, Sequence[Reading]], *, day: date, today: date
) -> Followed | None:
    if not len(block):
        return None
    read = [_ascending(readings[meter_id]) for meter_id in block.meter_ids]
    numbers = block.numbers.copy()
    is_slow = _append(_open_days(block.common, numbers), read)
    is_fast = ~is_slow & (block.numbers[:, Column.DUE_DAY] > today.toordinal())
    if not is_fast.any():
        return None
    before, after = block, replace(block, numbers=numbers)
    if not is_fast.all():
        rows: list[int] = np.flatnonzero(is_fast).tolist()
        before, after, read = before.some(rows), after.some(rows), [read[row] for row in rows]
    try:
        _charge(before, after.numbers)
    except TooLarge:
        return None
    last_us = after.numbers[:, Column.LAST_AT_US]
    after.numbers[:, Column.LAST_READ_US] = np.maximum(
        last_us, before.numbers[:, Column.LAST_READ_US]
    )
    after.numbers[:, Column.DAY] = day.toordinal()
    after.numbers[:, [Column.VERSION, Column.PERIOD_VERSION]] += 1
    return Followed(before, after, read)


def _ascending(some: Sequence[Reading]) -> list[Reading]:
    return sorted(some) if len(some) > 1 else list(some)


def _rounds(counts: Ints) -> int:
    """The most readings of a meter that are followed in columns: `GROUP_MIN` meters have as many,
    or all of them."""
    return int(np.sort(counts)[-min(GROUP_MIN, len(counts))])


def _append(days: OpenDays, read: Sequence[Sequence[Reading]]) -> Bools:
    """Appends in rounds: the first reading of every row, then the second of those that have one,
    and so on. ``read``: by row of ``days``, ascending. Changes ``days``; gives by row whether any
    of its readings is slow, and what ``days`` has of such a row is of no use."""
    flat = list(chain.from_iterable(read))
    at_us, register_wh = _column([r.at_us for r in flat]), _column([r.register_wh for r in flat])
    count = _column([len(some) for some in read])
    rounds = _rounds(count)
    first = np.cumsum(count) - count
    # One that leaves at its last reading needs no round for those before; nor does one that has
    # more than are followed in columns.
    is_slow = (at_us[first + count - 1] > days.until_us) | (count > rounds)
    for number in range(rounds):
        rows = np.flatnonzero((count > number) & ~is_slow)
        at = first[rows] + number
        of_us, of_wh = at_us[at], register_wh[at]
        appended = append_many(days=days, rows=rows, at_us=of_us, register_wh=of_wh)
        put(days=days, rows=rows, at_us=of_us, register_wh=of_wh, appended=appended)
        is_slow[rows] = appended.is_slow
    return is_slow


def _open_days(common: Common, numbers: Ints) -> OpenDays:
    """Views of ``numbers``: what is appended is written there."""
    return OpenDays(
        slots=common.slots,
        piece_wh=numbers[:, common.pieces],
        last_at_us=numbers[:, Column.LAST_AT_US],
        last_wh=numbers[:, Column.LAST_WH],
        quiet_from_us=numbers[:, Column.QUIET_FROM_US],
        until_us=numbers[:, Column.UNTIL_US],
        limit_w=numbers[:, Column.LIMIT_W],
        resolution_wh=numbers[:, Column.RESOLUTION_WH],
        multiplier=numbers[:, Column.MULTIPLIER],
        modulus_wh=numbers[:, Column.MODULUS_WH],
    )


def _charge(before: Block, numbers: Ints) -> None:
    """From what has been appended to energy and what is posted; raises `TooLarge`."""
    common, simple = before.common, before.common.simple
    used = numbers[:, common.pieces] - before.numbers[:, common.pieces]
    numbers[:, common.energy] += _by_slot(used, common.slots, simple.slots)
    result = charge_batch(
        version=simple.version,
        period=simple.period,
        energy_wh=numbers[:, common.energy],
        days=numbers[:, Column.STANDING_DAYS],
    )
    numbers[:, common.posted] = _by_account(result.amount_micro, simple)


def _column(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


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
