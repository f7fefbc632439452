"""Use case: a meter ceases to serve an account."""

from datetime import datetime

from prepay_ledger.installations.ports import Unit
from prepay_ledger.installations.rules import BindingRefused, bound
from prepay_ledger.installations.values import NewBinding


async def end_binding(
    *, unit: Unit, meter_id: str, effective_to: datetime, now: datetime
) -> NewBinding:
    """End the meter's open binding. Readings after that instant wait for the next binding.

    Raises `BindingRefused` where there is none, or readings later than that are charged already.
    """
    open_ones = [b for b in await unit.bindings.lock(meter_id) if b.effective_to is None]
    if not open_ones:
        message = f"meter {meter_id} serves no account"
        raise BindingRefused(message)
    (binding,) = open_ones
    if effective_to <= binding.effective_from:
        began = binding.effective_from.isoformat()
        message = f"meter {meter_id} serves its account from {began}; give an end after that"
        raise BindingRefused(message)
    (state,) = [
        s for s in await unit.charging.bindings_of([meter_id]) if s.binding_id == binding.id
    ]
    current = state.current.register if state.current else None
    if current is not None and current.last_at > effective_to:
        message = (
            f"readings up to {current.last_at.isoformat()} are charged to this account; "
            "end it at that instant or later"
        )
        raise BindingRefused(message)
    await unit.bindings.end(binding.id, at=effective_to)
    ended = NewBinding(
        id=binding.id,
        account_id=binding.account_id,
        meter_id=binding.meter_id,
        tariff_code=binding.tariff_code,
        effective_from=binding.effective_from,
        effective_to=effective_to,
        opening_wh=binding.opening_wh,
    )
    await unit.publish([bound(ended, at=now)])
    return ended
