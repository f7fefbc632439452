"""Use case: what the ledger has posted, kept to be compared with."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeAlias

import msgspec

from billing.marks.ports import Marks
from billing.marks.values import Moved
from billing.postings.ports import PostingStore
from prewatt_common.contracts.base import INSTANT_YEARS
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedCharge, PostedEstimate
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.refusals import Refusal

_Place: TypeAlias = tuple[int, date]
"""An agreement's id as a number, which sorts and is found five times as fast as a UUID, and the
first day of a period."""
_BEGIN, _END = date(1970, 1, 1), date(INSTANT_YEARS.stop, 1, 1)


class UnusableCharge(Refusal):
    """A period that ends before it begins, or is of no year that there may be."""

    kind = "unusable-charge"


async def take_charges(
    *, store: PostingStore, marks: Marks, batch: Sequence[Delivered[ChargesPosted]]
) -> None:
    """Handle ``batch``. Raises `UnusableCharge`."""
    charges = newest(charge for event, _ in batch for charge in event.charges)
    estimates = newest_estimates(each for event, _ in batch for each in event.estimates)
    await store.put_posted(charges)
    await store.put_estimates(estimates)
    await marks.mark(Moved(agreements=[each.agreement_id for each in (*charges, *estimates)]))


def newest(charges: Iterable[PostedCharge]) -> Sequence[PostedCharge]:
    """The highest version of each agreement and period, in that order, with the balance of the
    highest number, whichever version that came with. Raises `UnusableCharge`."""
    found: dict[_Place, PostedCharge] = {}
    for charge in charges:
        _check(charge)
        place = (charge.agreement_id.int, charge.period_first)
        known = found.get(place)
        found[place] = charge if known is None else _together(known, charge)
    return [found[place] for place in sorted(found)]


def newest_estimates(estimates: Iterable[PostedEstimate]) -> Sequence[PostedEstimate]:
    """The highest version of each agreement and period, in that order. Raises `UnusableCharge`."""
    found: dict[_Place, PostedEstimate] = {}
    for estimate in estimates:
        _check(estimate)
        place = (estimate.agreement_id.int, estimate.period_first)
        known = found.get(place)
        if known is None or estimate.version > known.version:
            found[place] = estimate
    return [found[place] for place in sorted(found)]


def _together(one: PostedCharge, other: PostedCharge) -> PostedCharge:
    newest = other if other.version > one.version else one
    balanced = max(one, other, key=lambda each: each.balance_number or 0)
    if balanced is newest:
        return newest
    return msgspec.structs.replace(
        newest, balance_number=balanced.balance_number, balance_micro=balanced.balance_micro
    )


def _check(charge: PostedCharge | PostedEstimate) -> None:
    # Dates have no bounds in the contract; agreements may have begun before meters reported.
    if not _BEGIN <= charge.period_first < charge.period_end < _END:
        first, end = charge.period_first, charge.period_end
        message = f"agreement {charge.agreement_id}: {first} to {end} is no period"
        raise UnusableCharge(message)
