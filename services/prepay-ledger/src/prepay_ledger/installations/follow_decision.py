"""What a decision about a meter changes of use, charges and supply follows in its transaction."""

from collections.abc import Collection, Sequence
from uuid import UUID

from prepay_ledger.charging.rederive import rederive
from prepay_ledger.charging.settled import EVER_US
from prepay_ledger.charging.split_charged import Cause
from prepay_ledger.debts.values import BillCause
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.ports import Unit
from prepay_ledger.installations.values import InstalledMeter
from prepay_ledger.supply.review_supply import SupplyReview

_INSTALLATION = Cause(BillCause.INSTALLATION)


async def follow_decision(
    unit: Unit,
    review: SupplyReview,
    meter_id: str,
    account_ids: Collection[UUID],
    decided: Decided,
    *,
    cause: Cause = _INSTALLATION,
    from_us: int = EVER_US,
) -> None:
    """``account_ids``: all that the meter serves or served. ``cause``: of the bill that
    changes. ``from_us``: as for `rederive`."""
    due = await rederive(
        unit=unit,
        meter_ids=[meter_id],
        account_ids=account_ids,
        now=decided.at,
        source=f"meter/{meter_id}",
        cause=cause,
        from_us=from_us,
    )
    moved = await unit.relays.moving_accounts(list(account_ids), now=decided.at)
    due = {*due, *moved, *await unit.charging.pending_accounts([meter_id])}
    if due:
        await review(unit, list(due), now=decided.at, caused_at=decided.at)


async def look_then(unit: Unit, some: Sequence[InstalledMeter], decided: Decided) -> None:
    """What was planned begins and ends at an instant that nothing else makes known: the accounts
    are looked at then, and each later look keeps that in mind."""
    for each in some:
        for at in (each.begins_at, each.ends_at):
            if at is not None and at > decided.at:
                await unit.supply.look_at([each.account_id], now=at)
