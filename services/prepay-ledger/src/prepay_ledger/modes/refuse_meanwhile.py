"""What would contradict a change of mode waits until that is made, or over."""

from collections.abc import Collection
from uuid import UUID

from prepay_ledger.modes.ports import HasModes
from prepay_ledger.modes.refusals import ModeChangeUnderWay
from prewatt_common.contracts.procedure_v1 import Mode


async def refuse_meanwhile(
    unit: HasModes, account_ids: Collection[UUID], *, to: Mode | None = None
) -> None:
    """Raises `ModeChangeUnderWay` where one of the accounts is changing; ``to``: in that direction
    alone. The caller holds what a change holds: the account's decisions, or its row."""
    for account_id, change in (await unit.modes.under_way(account_ids)).items():
        if to in (None, change.to):
            message = (
                f"account {account_id} is changing to {change.to}: change {change.change_id} is "
                "under way; wait for it, or cancel it first"
            )
            raise ModeChangeUnderWay(message)
