"""What a binding must hold to, and the event that tells of it."""

from collections.abc import Sequence
from datetime import datetime

from prepay_ledger.events import account_event
from prepay_ledger.installations.values import NewBinding
from prepay_ledger.tariffs.book import TariffBook
from prewatt_common.contracts.ledger_events_v1 import MeterBound
from prewatt_common.kafka.messages import Message
from prewatt_common.refusals import Refusal
from prewatt_metering.monthly.months import BillingMonth


class BindingRefused(Refusal):
    """The binding does not fit: the message says what to change."""


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


def check_overlap(binding: NewBinding, others: Sequence[NewBinding]) -> None:
    """Raises `BindingRefused` where the meter serves another account in that time."""
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
