"""Use case: publish a tariff version."""

from datetime import datetime

from prepay_ledger.events import keyed_event
from prepay_ledger.tariffs.ports import Unit
from prewatt_common.contracts.ledger_events_v1 import PriceBlock, TariffPublished
from prewatt_common.refusals import Refusal
from prewatt_metering.monthly.tariffs import TariffVersion


class DuplicateTariff(Refusal):
    """That tariff has a version for that month."""

    kind = "duplicate-tariff"


class OtherCurrencyOrZone(Refusal):
    """A tariff keeps the currency and timezone of its first version."""


async def publish_tariff(*, unit: Unit, version: TariffVersion, now: datetime) -> None:
    """A tariff version, once and for all: it is never changed, only followed by a later one."""
    existing = (await unit.tariffs.book()).versions(version.code)
    for other in existing:
        if (other.currency, other.timezone) != (version.currency, version.timezone):
            message = (
                f"tariff {version.code} is in {other.currency} and {other.timezone}; "
                "another currency or timezone needs another code"
            )
            raise OtherCurrencyOrZone(message)
    if not await unit.tariffs.add(version, at=now):
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
