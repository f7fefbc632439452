"""Estimates are entered, and taken back: apart from charges and balances, at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.estimated import (
    EstimateChange,
    EstimatedPeriod,
    estimate_changes,
    estimate_journals,
)
from prepay_ledger.charging.ports import Unit
from prewatt_common.contracts.ledger_charges_v1 import EstimatedMeter, PostedEstimate
from prewatt_metering.calendar.instants import instant_of


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Estimates that end, and ``source``: what ends them, which their entries name."""

    source: str
    changes: Sequence[EstimateChange] = ()

    @property
    def account_ids(self) -> Collection[UUID]:
        """Whose they are."""
        return {each.after.account_id for each in self.changes}


NOTHING = TakenBack("")


async def take_back(
    unit: Unit,
    agreement_ids: Collection[UUID],
    *,
    source: str,
    meter_ids: Collection[str] | None = None,
) -> TakenBack:
    """What is estimated of the agreements ends; ``meter_ids``: where it rests on one of these. All
    of an agreement's estimate at once: what its meters would have cost together cannot be taken
    apart. To be called after the meters' rows are written and before accounts are locked; `post`
    enters it."""
    stored = [
        each
        for each in await unit.estimated.of(agreement_ids)
        if meter_ids is None or not each.meters.keys().isdisjoint(meter_ids)
    ]
    return TakenBack(source, estimate_changes(stored=stored, now=()))


async def enter_taken_back(unit: Unit, taken: TakenBack, *, at: datetime) -> None:
    """The entries that end estimates, of accounts that moved in this transaction."""
    for journal in estimate_journals(taken.changes, source=taken.source):
        await unit.journals.write(journal, at=at)
        await unit.journals.move_apart(journal)
    await unit.estimated.save([each.after for each in taken.changes])


async def enter_estimates(
    unit: Unit, changes: Sequence[EstimateChange], *, source: str, at: datetime
) -> None:
    """The entries that estimates differ by."""
    for journal in estimate_journals(changes, source=source):
        await unit.journals.post(journal, at=at)
    await unit.estimated.save([each.after for each in changes])


def told_estimate(estimate: EstimatedPeriod, *, above: int) -> PostedEstimate:
    """As billing is told of it."""
    return PostedEstimate(
        estimate.agreement_id,
        estimate.account_id,
        estimate.period.first,
        estimate.period.end,
        above + estimate.version,
        estimate.energy_wh,
        estimate.total_micro,
        tuple(
            EstimatedMeter(meter_id, instant_of(since_us))
            for meter_id, since_us in sorted(estimate.meters.items())
        ),
    )
