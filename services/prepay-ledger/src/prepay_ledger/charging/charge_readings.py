"""Readings, however they came to be charged, go to the bindings that cover them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.charge_bindings import charge_bindings
from prepay_ledger.charging.charge_months import BindingState, Reading
from prepay_ledger.charging.ports import Unit
from prepay_ledger.tariffs.book import TariffBook


async def charge_readings(
    *,
    unit: Unit,
    by_meter: Mapping[str, Sequence[Reading]],
    tariffs: TariffBook,
    source: str,
    partition: int,
    now: datetime,
) -> Sequence[UUID]:
    """Charge readings, and keep those that no binding covers; gives the accounts to review. To be
    called after `begin_batch` or `wait_for_batches`."""
    work, unbound = assign(
        bindings=await unit.charging.bindings_of(list(by_meter)), by_meter=by_meter
    )
    if unbound:
        await unit.charging.keep_unbound(unbound)
    if not work:
        return ()
    return await charge_bindings(
        unit=unit, work=work, tariffs=tariffs, source=source, partition=partition, now=now
    )


def assign(
    *, bindings: Sequence[BindingState], by_meter: Mapping[str, Sequence[Reading]]
) -> tuple[list[tuple[BindingState, Sequence[Reading]]], list[tuple[str, Reading]]]:
    """Readings to the bindings that cover them; second, those that no binding covers.

    A reading at the very instant where one binding ends and the next begins closes the older.
    """
    of_meter: dict[str, list[BindingState]] = {}
    for state in bindings:
        of_meter.setdefault(state.meter_id, []).append(state)
    work: list[tuple[BindingState, Sequence[Reading]]] = []
    unbound: list[tuple[str, Reading]] = []
    for meter_id, readings in by_meter.items():
        states = of_meter.get(meter_id)
        if states is None:
            unbound += [(meter_id, reading) for reading in readings]
            continue
        left = readings
        for state in states:
            covered = [reading for reading in left if state.binding.covers(reading.at)]
            if covered:
                work.append((state, covered))
                left = [r for r in left if not state.binding.covers(r.at)]
        unbound += [(meter_id, reading) for reading in left]
    return work, unbound
