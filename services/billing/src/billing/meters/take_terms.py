"""Use case: accounts, bindings and tariffs as the ledger tells of them.

They come in no order with each other or with readings. Readings that waited for a binding or a
tariff are merged as soon as both are known; a binding whose end becomes known after later readings
were merged into it is derived again (see `rederive`).
"""

from collections.abc import Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from billing.meters.ports import MeterStore
from billing.meters.take_readings import merge_readings
from billing.meters.terms import Account, MeterBinding
from prewatt_common.contracts.ledger_events_v1 import AccountOpened, MeterBound, TariffPublished
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.refusals import Refusal
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import Binding
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion


class UnusableTariff(Refusal):
    """The tariff contradicts itself, or has no timezone or month that there is: it cannot be rated
    by."""

    kind = "unusable-tariff"


TermsEvent: TypeAlias = AccountOpened | MeterBound | TariffPublished

METERS_MAX = 200
"""Whose waiting readings are held at a time: months of them may have come first."""


async def take_terms(*, store: MeterStore, batch: Sequence[Delivered[TermsEvent]]) -> None:
    """Handle ``batch``."""
    events = [event for event, _ in batch]
    accounts = [_account(event) for event in events if isinstance(event, AccountOpened)]
    bindings = [_binding(event) for event in events if isinstance(event, MeterBound)]
    versions = [_version(event) for event in events if isinstance(event, TariffPublished)]
    await store.add_accounts(accounts)
    if not bindings and not versions:
        return
    await store.hold_terms_alone()
    await store.add_tariffs(versions)
    await store.put_bindings(bindings)
    meter_ids = {bound.meter_id for bound in bindings}
    await store.ask_rederivation(await store.drop_overrun(meter_ids))
    meter_ids |= await store.waiting_for_tariffs({version.code for version in versions})
    ordered = sorted(meter_ids)
    for at in range(0, len(ordered), METERS_MAX):
        waiting = await store.take_waiting(ordered[at : at + METERS_MAX])
        if waiting:
            await merge_readings(store=store, by_meter=waiting)


def _account(event: AccountOpened) -> Account:
    return Account(id=event.account_id, number=event.number, currency=event.currency)


def _binding(event: MeterBound) -> MeterBinding:
    return MeterBinding(
        event.binding_id,
        event.account_id,
        event.meter_id,
        event.tariff_code,
        Binding(
            binding_id=event.binding_id,
            effective_from=event.effective_from,
            effective_to=event.effective_to,
            opening_wh=event.opening_wh,
        ),
    )


def _version(event: TariffPublished) -> TariffVersion:
    """Raises `UnusableTariff`."""
    try:
        ZoneInfo(event.timezone)
        return TariffVersion(
            code=event.tariff_code,
            effective_from=BillingMonth.parse(event.effective_from),
            currency=event.currency,
            timezone=event.timezone,
            tariff=Tariff(
                blocks=tuple(
                    Block(upto_wh=block.upto_wh, price_micro_per_kwh=block.price_micro_per_kwh)
                    for block in event.blocks
                ),
                standing_micro_per_day=event.standing_micro_per_day,
                tax_bp=event.tax_bp,
            ),
        )
    # What zoneinfo raises for a name that is none: KeyError, ValueError, or OSError for a folder's.
    except (KeyError, ValueError, OSError) as error:
        message = f"tariff {event.tariff_code} from {event.effective_from}: {error}"
        raise UnusableTariff(message) from error
