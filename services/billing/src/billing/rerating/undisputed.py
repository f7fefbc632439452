"""The usual meter, all of whose readings follow each other by ordinary steps: there is nothing to
decide about any, so all are trusted, and one look over columns is enough. What `counted` would give
is its test."""

from collections.abc import Mapping

import numpy as np

from billing.readings.values import Columns, Ints
from billing.rerating.register import Counted, MeterTerms, given
from billing.terms.values import Installation, MeterFacts
from prewatt_metering.calendar.instants import HOUR_US

_INT64_MAX = int(np.iinfo(np.int64).max)


def undisputed(columns: Columns, meter: MeterTerms) -> Counted | None:
    """Of a meter that was installed once, with one device, and never edited. None where it was not,
    or where any of its readings needs more than a look at the one before."""
    if len(meter.installations) != 1 or meter.edits:
        return None
    installation, facts = meter.installations[0], meter.facts
    known = _shown(columns, facts)
    if known is None:
        return None
    at_us, wh = _with(known, given(installation))
    if not _ordinary(at_us, wh, installation, facts):
        return None
    return Counted(at_us=at_us.tolist(), wh=(wh * installation.multiplier).tolist())


def _shown(columns: Columns, facts: MeterFacts) -> Columns | None:
    """Ascending; none where the register cannot show one, or where an instant has two values."""
    end_wh = _INT64_MAX if facts.modulus_wh is None else facts.modulus_wh
    wh = columns.register_wh
    return None if ((wh < 0) | (wh >= end_wh)).any() else _ascending(columns)


def _ordinary(at_us: Ints, wh: Ints, installation: Installation, facts: MeterFacts) -> bool:
    """Whether each step rises, and by no more than can have flowed, all within 64 bits."""
    elapsed_us, rise_wh = np.diff(at_us), np.diff(wh)
    if _overflows(facts.limit_w, elapsed_us) or _overflows(installation.multiplier, wh):
        return False
    most_wh = facts.limit_w * elapsed_us // (installation.multiplier * HOUR_US)
    return bool(((rise_wh >= 0) & (rise_wh - facts.resolution_wh <= most_wh)).all())


def _ascending(columns: Columns) -> Columns | None:
    """Each instant once; none where one has two values."""
    at_us, wh = columns.at_us, columns.register_wh
    if (np.diff(at_us) > 0).all():
        return columns
    order = np.lexsort((wh, at_us))
    at_us, wh = at_us[order], wh[order]
    is_repeat = np.zeros(len(at_us), np.bool_)
    is_repeat[1:] = (np.diff(at_us) == 0) & (np.diff(wh) == 0)
    at_us, wh = at_us[~is_repeat], wh[~is_repeat]
    return Columns(at_us, wh) if (np.diff(at_us) > 0).all() else None


def _with(known: Columns, registers: Mapping[int, int]) -> tuple[Ints, Ints]:
    """And what people read where the installation began and ended, which beats a reading."""
    at_us, wh = known.at_us, known.register_wh
    for given_us, given_wh in registers.items():
        place = int(np.searchsorted(at_us, given_us))
        if place < len(at_us) and at_us[place] == given_us:
            wh = wh.copy()
            wh[place] = given_wh
        else:
            # np.insert does the same, for five times as long.
            at_us, wh = (
                np.concatenate((column[:place], (value,), column[place:]))
                for column, value in ((at_us, given_us), (wh, given_wh))
            )
    return at_us, wh


def _overflows(factor: int, values: Ints) -> bool:
    return len(values) > 0 and factor * int(values.max()) > _INT64_MAX
