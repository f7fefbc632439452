"""Use case: rate some agreements again with all their months, and compare.

What comes out is what was so in one state of the database. Where that is not what stands, the
agreement's row is held, and what was rated is loaded again: only if nothing has moved since is the
outcome put in its place, in the transaction that says the agreement has been looked at. What has
moved is due, and so compared by what is known by then.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from billing.archive.layout import partition_of
from billing.archive.ports import Folder
from billing.nights.meters import Served
from billing.nights.ports import OpenState, Turn
from billing.nights.use_of_meters import Readings, Used, use_of_meters
from billing.nights.values import Tally
from billing.readings.packed import Unpackable, unpacked_columns
from billing.reconciliation.compare import Comparison, Kind, Known, compare, next_look
from billing.reconciliation.ports import Held, Metered
from billing.rerating.register import MeterTerms
from billing.rerating.use import Use
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

AT_REST = timedelta(minutes=5)
METERS_AT_ONCE = 20
"""Whose readings are counted at a time."""
_NO_DIFFERENCE = frozenset((Kind.AGREES, Kind.IN_FLIGHT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """An agreement as it was in the state that was rated, with the readings of each meter."""

    metered: Metered
    use: Use
    readings: Mapping[str, int]
    compared: Sequence[Comparison]


async def rate_group(
    *,
    turn: Turn,
    open_state: OpenState,
    agreement_ids: Sequence[UUID],
    folder: Folder,
    clock: Clock,
    settle: timedelta,
) -> Tally:
    """Gives what came of it. Raises OSError, and `pyarrow.ArrowInvalid`, where a file cannot be
    read: nothing was done then."""
    began = time.monotonic()
    async with open_state() as state:
        now = clock()
        loaded = await state.load(agreement_ids)
        standing = await state.standing(agreement_ids)
        meters = _meters(loaded)
        places = {each.facts.meter: place for place, each in enumerate(meters)}
        readings = Readings(
            meters=meters,
            files=await state.files({partition_of(each) for each in places}),
            waiting=await state.waiting(places),
            folder=folder,
        )
    rated, used = await asyncio.to_thread(rate, loaded, readings, now=now, settle=settle)
    tally = Tally(agreements=len(rated), odd_meters=len(used.odd), readings=sum(used.readings))
    # In the order in which whoever makes agreements due locks their rows.
    for each in sorted(rated, key=lambda one: one.metered.known.agreement_id):
        known = each.metered.known
        stands = standing.get(known.agreement_id, {})
        if _is_said(each.compared, stands):
            found = each.compared
        else:
            found = await _put(turn, each, now=now, settle=settle)
        tally = replace(
            tally,
            periods=tally.periods + len(each.compared),
            differences=tally.differences + _differences(found or ()),
            left=tally.left + (found is None),
        )
    tally = replace(tally, worked_s=time.monotonic() - began)
    await turn.looked_at(agreement_ids, tally)
    return tally


def rate(
    loaded: Sequence[Metered], readings: Readings, *, now: datetime, settle: timedelta
) -> tuple[list[Rated], Used]:
    """Agreements as they are known, by ``readings`` of all their meters. Raises OSError, and
    `pyarrow.ArrowInvalid`, where a file cannot be read."""
    places = {each.facts.meter: place for place, each in enumerate(readings.meters)}
    served = [
        Served(
            agreement=each.known.agreement,
            tariff=each.known.tariff,
            meters=each.meters,
            # Stretches of one tariff are not those of the other.
            by_day=each.known.tariff_before is not None,
        )
        for each in loaded
        if each.known.agreement is not None and each.known.tariff is not None
    ]
    with tempfile.TemporaryDirectory(prefix="prewatt-night-") as folder:
        used = use_of_meters(served, readings, Path(folder))
    uses = {
        each.agreement.id: (use, used.faults.get(part))
        for part, (each, use) in enumerate(zip(served, used.uses, strict=True))
    }
    rated: list[Rated] = []
    for each in loaded:
        use, fault = uses.get(each.known.agreement_id, (Use(), None))
        known = each.known
        if fault is not None:
            known = replace(known, tariff=None, tariff_fault=fault)
        counts = {
            meter.facts.meter: used.readings[places[meter.facts.meter]] for meter in each.meters
        }
        found = compare(known=known, use=use, now=now, settle=settle)
        metered = replace(each, known=known)
        rated.append(Rated(metered=metered, use=use, readings=counts, compared=found))
    return rated, used


async def _put(
    turn: Turn, rated: Rated, *, now: datetime, settle: timedelta
) -> Sequence[Comparison] | None:
    """What stands from now on; none where something has moved since. Where the archive and
    ``meter_day`` do not hold the same, what stands is left, and what was found is given all the
    same: it is a difference, and not the ledger's."""
    before = rated.metered
    agreement_id = before.known.agreement_id
    await turn.hold(agreement_id, now=now)
    (after,) = await turn.load([agreement_id])
    fault = before.known.tariff_fault
    if fault is not None and before.known.tariff is None and after.known.tariff is not None:
        after = replace(after, known=replace(after.known, tariff=None, tariff_fault=fault))
    if after != before:
        return None
    known = before.known
    for begin in range(0, len(before.meters), METERS_AT_ONCE):
        some = [each.facts.meter for each in before.meters[begin : begin + METERS_AT_ONCE]]
        held = await turn.readings_of(some)
        try:
            counts = await asyncio.to_thread(_counts, held)
        except Unpackable:
            logger.exception("night: readings in meter_day cannot be read", extra={"meters": some})
            return rated.compared
        for meter_id in some:
            if counts.get(meter_id, 0) != rated.readings[meter_id]:
                if _is_at_rest(held.get(meter_id), now):
                    logger.error(
                        "night: meter %s has %s readings in the archive and %s in meter_day",
                        meter_id, rated.readings[meter_id], counts.get(meter_id, 0),
                    )  # fmt: skip
                    return rated.compared
                return None
        known = _moved(known, held)
    found = compare(known=known, use=rated.use, now=now, settle=settle)
    look = next_look(known=known, compared=found, now=now, settle=settle)
    await turn.put(compared={agreement_id: found}, looks={agreement_id: look}, now=now)
    for each in found:
        if each.kind not in _NO_DIFFERENCE:
            logger.error(
                "night: agreement %s, period %s: %s: %s",
                agreement_id, each.period, each.kind, each.detail,
            )  # fmt: skip
    return found


def _is_at_rest(held: Held | None, now: datetime) -> bool:
    """Whether no reading of the meter came meanwhile: no batch takes so long."""
    return held is None or held.moved_at < now - AT_REST


def _counts(held: Mapping[str, Held]) -> dict[str, int]:
    return {meter_id: len(unpacked_columns(each.days).at_us) for meter_id, each in held.items()}


def _moved(known: Known, held: Mapping[str, Held]) -> Known:
    moved_at = max((each.moved_at for each in held.values()), default=known.moved_at)
    return replace(known, moved_at=max(known.moved_at, moved_at))


def _is_said(found: Sequence[Comparison], stands: Mapping[date, Comparison]) -> bool:
    return len(found) == len(stands) and all(
        each.period.first in stands and each.stands_as(stands[each.period.first]) for each in found
    )


def _differences(found: Sequence[Comparison]) -> int:
    return sum(each.kind not in _NO_DIFFERENCE for each in found)


def _meters(loaded: Sequence[Metered]) -> list[MeterTerms]:
    meters = {each.facts.meter: each for some in loaded for each in some.meters}
    return [meters[each] for each in sorted(meters)]
