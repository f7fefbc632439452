"""Use case: a meter begins to serve an account, and readings that waited for that are charged."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.application.charge_bindings import charge_bindings
from prepay_ledger.application.manage_accounts import (
    BindingRefused,
    UnknownAccount,
    bound,
    check_tariff,
)
from prepay_ledger.application.ports import Unit
from prepay_ledger.application.review_supply import SupplyReview
from prepay_ledger.application.take_readings import assign
from prepay_ledger.domain.accounts import NewBinding, TariffBook
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class BindMeter:
    """Binds one meter."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(self, *, unit: Unit, binding: NewBinding, now: datetime) -> None:
        """Raises `UnknownAccount` or `BindingRefused`."""
        await unit.accounts.begin_binding()
        await unit.charging.wait_for_batches()
        account = await unit.accounts.account(binding.account_id)
        if account is None:
            message = f"account {binding.account_id} does not exist"
            raise UnknownAccount(message)
        tariffs = await unit.accounts.tariffs()
        check_tariff(tariffs, binding=binding, currency=account.currency)
        _check_overlap(binding, await unit.accounts.lock_bindings(binding.meter_id))
        await unit.accounts.add_binding(binding)
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


async def charge_waiting(
    *, unit: Unit, meter_ids: Sequence[str], tariffs: TariffBook, source: str, now: datetime
) -> Sequence[UUID]:
    """Charge what waited for the meters to be bound; gives the accounts to review. To be called
    after `wait_for_batches`: a batch under way may still be putting a reading aside."""
    waiting = await unit.charging.take_unbound(meter_ids)
    if not waiting:
        return ()
    work, uncovered = assign(
        bindings=await unit.charging.bindings_of(list(waiting)), by_meter=waiting
    )
    assert not uncovered, "only covered readings were taken"
    return await charge_bindings(
        unit=unit, work=work, tariffs=tariffs, source=source, partition=0, now=now
    )


def _check_overlap(binding: NewBinding, others: Sequence[NewBinding]) -> None:
    for other in others:
        ends_before = other.effective_to is not None and (
            other.effective_to <= binding.effective_from
        )
        begins_after = binding.effective_to is not None and (
            binding.effective_to <= other.effective_from
        )
        if not (ends_before or begins_after):
            message = (
                f"meter {binding.meter_id} serves account {other.account_id} from "
                f"{other.effective_from.isoformat()}; end that binding first"
            )
            raise BindingRefused(message)
