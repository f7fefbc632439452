"""What waited for a meter to be bound is charged."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.installations.ports import Unit
from prepay_ledger.tariffs.book import TariffBook


async def charge_waiting(
    *, unit: Unit, meter_ids: Sequence[str], tariffs: TariffBook, source: str, now: datetime
) -> Sequence[UUID]:
    """Charge what waited for the meters to be bound; gives the accounts to review. To be called
    after `wait_for_batches`: a batch under way may still be putting a reading aside."""
    waiting = await unit.charging.take_unbound(meter_ids)
    if not waiting:
        return ()
    return await charge_readings(
        unit=unit, by_meter=waiting, tariffs=tariffs, source=source, partition=0, now=now
    )
