"""Where ordinary meters and their agreements' periods stand, in columns: a row a meter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import numpy as np

from prepay_ledger.charging.pricing import Pricing, Simple
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.usage.batch import LIMIT_W_MAX, Ints

INT64_MAX = int(np.iinfo(np.int64).max)


class Standing(NamedTuple):
    """Where a meter and a period of its agreement that is not closed stand, as stored."""

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
    is_alone: bool
    """No other meter is or was the account's."""


class Key(NamedTuple):
    """What meters that are charged together have in common, as stored."""

    tariff_code: str
    corrections: int
    open_day: date
    period_first: date


class Column(IntEnum):
    """Of a block's numbers. Days are ordinals. After these: Wh by piece of the open day, Wh of the
    period by slot, micro-units posted by ledger account."""

    VERSION = 0
    DAY = 1
    QUIET_FROM_US = 2
    UNTIL_US = 3
    """Of what served the meter, and of the open day."""
    LAST_AT_US = 4
    LAST_WH = 5
    LIMIT_W = 6
    RESOLUTION_WH = 7
    MULTIPLIER = 8
    MODULUS_WH = 9
    PERIOD_VERSION = 10
    STANDING_DAYS = 11
    DUE_DAY = 12
    LAST_READ_US = 13
    """0: never."""
    IS_ALONE = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """A `Key` and what the tariff makes of it: how its period is rated, and its open day."""

    key: Key
    simple: Simple
    slots: DaySlots
    part: str
    """The name under which the energy of the open day's part of the period is stored."""

    @property
    def pieces(self) -> slice:
        """The columns of Wh by piece of the open day."""
        return slice(len(Column), len(Column) + len(self.slots.pieces))

    @property
    def energy(self) -> slice:
        """The columns of the period's Wh by slot."""
        first = self.pieces.stop
        return slice(first, first + len(self.simple.slots))

    @property
    def posted(self) -> slice:
        """The columns of micro-units by ledger account."""
        first = self.energy.stop
        return slice(first, first + len(self.simple.accounts))


@dataclass(frozen=True, slots=True)
class Block:
    """Meters with a `Common`; ``numbers`` has a row for each, `Column` and `Common` say of what."""

    common: Common
    meter_ids: list[str]
    agreement_ids: list[UUID]
    account_ids: list[UUID]
    numbers: Ints

    def __len__(self) -> int:
        return len(self.meter_ids)

    @property
    def are_alone(self) -> bool:
        """Whether each is the only meter of its account."""
        return bool(self.numbers[:, Column.IS_ALONE].all())

    @property
    def energy_wh(self) -> Ints:
        """The period's Wh of every meter."""
        return self.numbers[:, self.common.energy].sum(axis=1)

    @property
    def posted_micro(self) -> Ints:
        """The micro-units that are posted of every meter's period."""
        return self.numbers[:, self.common.posted].sum(axis=1)

    def column(self, column: Column) -> list[int]:
        """One of the numbers of every meter, as Python's integers: numpy's are slow one by one."""
        return self.numbers[:, column].tolist()

    def some(self, rows: Sequence[int]) -> "Block":
        """These rows, in this order."""
        return Block(
            self.common,
            [self.meter_ids[row] for row in rows],
            [self.agreement_ids[row] for row in rows],
            [self.account_ids[row] for row in rows],
            self.numbers[list(rows)],
        )


def common_of(key: Key, pricing: Pricing) -> Common | None:
    """None where the period is rated one by one."""
    simple = pricing.simple(pricing.period_of(key.open_day))
    if simple is None or simple.period.first != key.period_first:
        return None
    return Common(
        key=key,
        simple=simple,
        slots=pricing.slots_of(key.open_day),
        part=max(pricing.part_of(key.open_day), key.period_first).isoformat(),
    )


def key_of(standing: Standing) -> Key:
    """With which others it is charged."""
    return Key(standing.tariff_code, standing.corrections, standing.open_day, standing.period_first)


def block_of(common: Common, standings: Iterable[Standing]) -> Block:
    """The meters of ``standings``, all of the common's key, that its columns can say everything
    about."""
    rows = [(each, row) for each in standings if (row := _row(common, each)) is not None]
    return Block(
        common,
        [each.meter_id for each, _ in rows],
        [each.agreement_id for each, _ in rows],
        [each.account_id for each, _ in rows],
        np.array([row for _, row in rows], np.int64).reshape(len(rows), common.posted.stop),
    )


def joined(blocks: Sequence[Block]) -> Block:
    """Of one common, one after another."""
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        blocks[0].common,
        list(chain.from_iterable(each.meter_ids for each in blocks)),
        list(chain.from_iterable(each.agreement_ids for each in blocks)),
        list(chain.from_iterable(each.account_ids for each in blocks)),
        np.concatenate([each.numbers for each in blocks]),
    )


def _row(common: Common, each: Standing) -> list[int] | None:
    simple, slots = common.simple, common.slots
    energy = each.energy.get(common.part, {})
    if (
        len(each.piece_wh) != len(slots.pieces)
        or each.period_end != simple.period.end
        or not each.energy.keys() <= {common.part}
        or not energy.keys() <= set(simple.slots)
        or not each.posted.keys() <= set(simple.accounts)
    ):
        return None
    return [
        each.version,
        each.day.toordinal(),
        each.quiet_from_us,
        min(each.served_until_us, slots.end_us),
        each.last_at_us,
        each.last_wh,
        min(each.limit_w, LIMIT_W_MAX),
        each.resolution_wh,
        each.multiplier,
        INT64_MAX if each.modulus_wh is None else each.modulus_wh,
        each.period_version,
        each.standing_days,
        each.due_day.toordinal(),
        each.last_read_us or 0,
        each.is_alone,
        *each.piece_wh,
        *(energy.get(slot, 0) for slot in simple.slots),
        *(each.posted.get(name, 0) for name in simple.accounts),
    ]
