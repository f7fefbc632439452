"""Use cases: publish a tariff, open an account, end a meter's binding to one."""

from datetime import datetime
from http import HTTPStatus

from prepay_ledger.application.ports import Unit
from prepay_ledger.domain.accounts import Account, NewBinding, TariffBook
from prepay_ledger.events import account_event, keyed_event
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    MeterBound,
    PriceBlock,
    TariffPublished,
)
from prewatt_common.kafka.messages import Message
from prewatt_common.refusals import Refusal
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import TariffVersion


class DuplicateAccount(Refusal):
    """An account of that number exists."""

    kind = "duplicate-account"


class DuplicateTariff(Refusal):
    """That tariff has a version for that month."""

    kind = "duplicate-tariff"


class BindingRefused(Refusal):
    """The binding does not fit: the message says what to change."""


class UnknownAccount(Refusal):
    """No such account."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-account"


async def publish_tariff(*, unit: Unit, version: TariffVersion, now: datetime) -> None:
    """A tariff version, once and for all: it is never changed, only followed by a later one."""
    existing = (await unit.accounts.tariffs()).versions(version.code)
    for other in existing:
        if (other.currency, other.timezone) != (version.currency, version.timezone):
            message = (
                f"tariff {version.code} is in {other.currency} and {other.timezone}; "
                "another currency or timezone needs another code"
            )
            raise BindingRefused(message)
    if not await unit.accounts.add_tariff(version, at=now):
        message = f"tariff {version.code} has a version from {version.effective_from}"
        raise DuplicateTariff(message)
    event = TariffPublished(
        tariff_code=version.code,
        effective_from=str(version.effective_from),
        currency=version.currency,
        timezone=version.timezone,
        blocks=tuple(
            PriceBlock(upto_wh=b.upto_wh, price_micro_per_kwh=b.price_micro_per_kwh)
            for b in version.tariff.blocks
        ),
        standing_micro_per_day=version.tariff.standing_micro_per_day,
        tax_bp=version.tariff.tax_bp,
        published_at=now,
    )
    await unit.publish([keyed_event(event, key=version.code, at=now)])


async def open_account(*, unit: Unit, account: Account) -> None:
    """Raises `DuplicateAccount`."""
    if not await unit.accounts.add_account(account):
        message = f"account {account.number} exists; nothing was changed"
        raise DuplicateAccount(message)
    await unit.publish([opened(account)])


def opened(account: Account) -> Message:
    """The event that tells of a new account."""
    event = AccountOpened(
        account_id=account.id,
        number=account.number,
        currency=account.currency,
        opened_at=account.opened_at,
    )
    return account_event(event, account_id=account.id, at=account.opened_at)


def bound(binding: NewBinding, *, at: datetime) -> Message:
    """The event that tells of a binding, new or ended."""
    event = MeterBound(
        binding_id=binding.id,
        account_id=binding.account_id,
        meter_id=binding.meter_id,
        tariff_code=binding.tariff_code,
        effective_from=binding.effective_from,
        effective_to=binding.effective_to,
        opening_wh=binding.opening_wh,
    )
    return account_event(event, account_id=binding.account_id, at=at)


async def end_binding(
    *, unit: Unit, meter_id: str, effective_to: datetime, now: datetime
) -> NewBinding:
    """End the meter's open binding. Readings after that instant wait for the next binding.

    Raises `BindingRefused` where there is none, or readings later than that are charged already.
    """
    open_ones = [b for b in await unit.accounts.lock_bindings(meter_id) if b.effective_to is None]
    if not open_ones:
        message = f"meter {meter_id} serves no account"
        raise BindingRefused(message)
    (binding,) = open_ones
    if effective_to <= binding.effective_from:
        message = f"it began at {binding.effective_from.isoformat()}; the end must be later"
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
    await unit.accounts.end_binding(binding.id, at=effective_to)
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


def check_tariff(tariffs: TariffBook, *, binding: NewBinding, currency: str) -> None:
    """Raises `BindingRefused` unless the tariff covers the binding in the account's currency."""
    versions = tariffs.versions(binding.tariff_code)
    if not versions:
        message = f"there is no tariff {binding.tariff_code}"
        raise BindingRefused(message)
    if versions[0].currency != currency:
        message = f"tariff {binding.tariff_code} is in {versions[0].currency}, not {currency}"
        raise BindingRefused(message)
    first = min(version.effective_from for version in versions)
    day = tariffs.clock(binding.tariff_code).first_day_from(binding.effective_from)
    month = BillingMonth(day.year, day.month)
    if month < first:
        message = f"tariff {binding.tariff_code} begins in {first}, the binding in {month}"
        raise BindingRefused(message)
