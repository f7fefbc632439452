"""Accounts are locked by their meters, before anything is done about the meters' relays."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.relays.values import Serving
from prepay_ledger.supply.ports import Unit


async def hold_served(
    unit: Unit, meter_ids: Sequence[str], *, also: Collection[UUID] = (), now: datetime
) -> Serving:
    """Whom the meters serve, locked: whoever moves one meanwhile decides about its new account
    before us, who then see that account, or after us, and then sees what we have done. ``also``:
    accounts to be locked with them."""
    serving = await unit.relays.serving(meter_ids, now=now)
    vacant = [each for each in meter_ids if each not in serving]
    if vacant:
        await unit.relays.hold_vacant(vacant)
        serving = await unit.relays.serving(meter_ids, now=now)
    held: set[UUID] = set()
    while not held.issuperset({*serving.values(), *also}):
        held |= {*serving.values(), *also}
        await unit.supply.hold(list(held))
        serving = await unit.relays.serving(meter_ids, now=now)
    return serving
