"""Use case: a meter begins to serve an account, and readings that waited for that are charged."""

from datetime import datetime

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.installations.charge_waiting import charge_waiting
from prepay_ledger.installations.ports import Unit
from prepay_ledger.installations.rules import bound, check_overlap, check_tariff
from prepay_ledger.installations.values import NewBinding
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class BindMeter:
    """Binds one meter."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(self, *, unit: Unit, binding: NewBinding, now: datetime) -> None:
        """Raises `UnknownAccount` or `BindingRefused`."""
        await unit.bindings.begin()
        await unit.charging.wait_for_batches()
        account = await unit.balances.account(binding.account_id)
        if account is None:
            message = f"account {binding.account_id} does not exist"
            raise UnknownAccount(message)
        tariffs = await unit.tariffs.book()
        check_tariff(tariffs, binding=binding, currency=account.currency)
        check_overlap(binding, await unit.bindings.lock(binding.meter_id))
        await unit.bindings.add(binding)
        await unit.publish([bound(binding, at=now)])
        due = await charge_waiting(
            unit=unit,
            meter_ids=[binding.meter_id],
            tariffs=tariffs,
            source=f"binding/{binding.id}",
            now=now,
        )
        if account.supply_state is SupplyState.PENDING:
            # It may have been held for want of a meter.
            due = [*{*due, account.id}]
        if due:
            await self._review(unit, due, now=now, caused_at=now)
