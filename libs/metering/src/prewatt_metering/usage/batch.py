"""The fast path over many meters at once: arrays in, arrays out, equal to `open_day.append`.

All meters of a batch share one local day and one set of slots. Integers only; what could leave
int64 takes the slow path instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.usage.open_day import OpenDay
from prewatt_metering.vee.steps import StepRule

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_INT64_MAX = int(np.iinfo(np.int64).max)
# Energy times elapsed time stays in int64 for a step of one day at most: 53 MWh.
STEP_WH_MAX = _INT64_MAX // (2 * DAY_US)
LIMIT_W_MAX = _INT64_MAX // (2 * DAY_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDays:
    """`OpenDay`s of one ``slots`` in columns, a row a meter; ``piece_wh`` has a column a piece.

    A meter without a modulus has the highest int64 there.
    """

    slots: DaySlots
    piece_wh: Ints
    last_at_us: Ints
    last_wh: Ints
    quiet_from_us: Ints
    until_us: Ints
    limit_w: Ints
    resolution_wh: Ints
    multiplier: Ints
    modulus_wh: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What readings do to their rows, in the order of the readings; see `put`.

    ``is_slow``: this reading takes the slow path, and its row stays as it is.
    """

    piece_wh: Ints
    is_slow: Bools


def open_days(*, states: Sequence[OpenDay], rules: Sequence[StepRule]) -> OpenDays:
    """Columns of ``states``, a rule each. Raises ValueError where they do not share their slots."""
    slots = states[0].slots
    if any(each.slots != slots for each in states):
        message = "a batch is of one local day and one set of slots"
        raise ValueError(message)

    def column(values: list[int]) -> Ints:
        return np.array(values, np.int64)

    return OpenDays(
        slots=slots,
        piece_wh=np.array([each.piece_wh for each in states], np.int64),
        last_at_us=column([each.last_at_us for each in states]),
        last_wh=column([each.last_wh for each in states]),
        quiet_from_us=column([each.quiet_from_us for each in states]),
        until_us=column([each.until_us for each in states]),
        limit_w=column([min(each.limit_w, LIMIT_W_MAX) for each in rules]),
        resolution_wh=column([each.resolution_wh for each in rules]),
        multiplier=column([each.multiplier for each in rules]),
        modulus_wh=column(
            [_INT64_MAX if each.modulus_wh is None else each.modulus_wh for each in rules]
        ),
    )


def append_many(*, days: OpenDays, rows: Ints, at_us: Ints, register_wh: Ints) -> Appended:
    """One measured reading for each of ``rows``, which are distinct. Changes nothing: see `put`."""
    last_at_us, multiplier = days.last_at_us[rows], days.multiplier[rows]
    in_order = (
        (at_us > last_at_us) & (at_us > days.quiet_from_us[rows]) & (at_us <= days.until_us[rows])
    )
    # Rows that are slow get a step of nothing in one microsecond, so that nothing overflows.
    elapsed_us = np.where(in_order, at_us - last_at_us, 1)
    fits = in_order & (register_wh >= 0) & (register_wh < days.modulus_wh[rows])
    delta_wh = np.where(fits, register_wh - days.last_wh[rows], -1)
    carried_wh = days.limit_w[rows] * elapsed_us // (HOUR_US * multiplier)
    most_wh = np.minimum(carried_wh + days.resolution_wh[rows], STEP_WH_MAX // multiplier)
    is_fast = fits & (delta_wh >= 0) & (delta_wh <= most_wh) & (elapsed_us <= 2 * DAY_US)
    wh = np.where(is_fast, delta_wh * np.where(is_fast, multiplier, 0), 0)
    piece_wh = days.piece_wh[rows].copy()
    done_wh = np.zeros_like(wh)
    for number, (_, end_us) in enumerate(days.slots.ends()):
        upto_us = np.clip(np.minimum(end_us, at_us) - last_at_us, 0, elapsed_us)
        upto_wh = wh * upto_us // elapsed_us
        piece_wh[:, number] += upto_wh - done_wh
        done_wh = upto_wh
    return Appended(piece_wh=piece_wh, is_slow=~is_fast)


def put(*, days: OpenDays, rows: Ints, at_us: Ints, register_wh: Ints, appended: Appended) -> None:
    """Writes what `append_many` gave into ``days``, in place, once it is committed elsewhere."""
    fast = ~appended.is_slow
    at = rows[fast]
    days.piece_wh[at] = appended.piece_wh[fast]
    days.last_at_us[at] = at_us[fast]
    days.last_wh[at] = register_wh[fast]
