"""What a decision about a meter changes of use, charges and supply follows in its transaction."""

from collections.abc import Collection
from uuid import UUID

from prepay_ledger.charging.rederive import rederive
from prepay_ledger.charging.split_charged import Cause
from prepay_ledger.debts.values import BillCause
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.ports import Unit
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
) -> None:
    """``account_ids``: all that the meter serves or served. ``cause``: of the bill that
    changes."""
    due = await rederive(
        unit=unit,
        meter_ids=[meter_id],
        account_ids=account_ids,
        now=decided.at,
        source=f"meter/{meter_id}",
        cause=cause,
    )
    moved = await unit.relays.moving_accounts(list(account_ids), now=decided.at)
    due = {*due, *moved, *await unit.charging.pending_accounts([meter_id])}
    if due:
        await review(unit, list(due), now=decided.at, caused_at=decided.at)
