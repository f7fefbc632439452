"""Use case: publish a tariff version."""

from datetime import datetime

from prepay_ledger.events import fact
from prepay_ledger.tariffs.needs import unknown
from prepay_ledger.tariffs.ports import HasTariffs, Unit
from prepay_ledger.tariffs.refusals import TariffRefused, UnknownTariff
from prepay_ledger.tariffs.values import Published
from prewatt_common.contracts.ledger_facts_v1 import TariffPublished
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, canonical
from prewatt_metering.tariffs.publishing import PublicationRefused, check_publication
from prewatt_metering.vee.checks.vee20_dated_away import AHEAD_US_MAX


async def publish_tariff(
    *, unit: Unit, version: TariffVersion, by: str, reason: str, now: datetime
) -> tuple[Published, bool]:
    """The version as it stands now, and whether it is new: once and for all, it is never changed,
    only followed by a later one. Raises `TariffRefused`."""
    await unit.tariffs.lock()
    calendar = LocalCalendar(version.timezone)
    # A meter's clock may be ahead, and its readings charged by the version that holds there now.
    ahead = calendar.day_of(us_of(now) + AHEAD_US_MAX)
    charged = await unit.tariffs.is_charged(version.code, today=ahead)
    try:
        book = (await unit.tariffs.book()).book(version.code)
    except UnknownTariff:
        book = None
    try:
        check_publication(
            book=book, version=version, charged_upto=ahead if charged else None, today=ahead
        )
    except PublicationRefused as error:
        raise TariffRefused(str(error)) from error
    known = await unit.tariffs.published(version)
    if known is not None:
        return known, False
    await check_rated(unit, version, book)
    published = Published(version=version, published_by=by, reason=reason, published_at=now)
    await unit.tariffs.add(published)
    event = TariffPublished(
        tariff_code=version.code,
        valid_from=version.valid_from,
        currency=version.currency,
        document=canonical(version).decode(),
        by=by,
        reason=reason,
        at=now,
    )
    await unit.publish([fact(event, key=version.code, at=now)])
    return published, True


async def check_rated(unit: HasTariffs, version: TariffVersion, book: TariffBook | None) -> None:
    """Raises `TariffRefused` where an agreement would be charged by the version and cannot be."""
    lacking = unknown(version, capacity_va=None)
    if lacking is None:
        return
    later = [each.valid_from for each in book.versions] if book else []
    count, account_id = await unit.tariffs.holders(
        version.code,
        first=version.valid_from,
        end=min((day for day in later if day > version.valid_from), default=None),
        without_capacity=unknown(version, capacity_va=1) is None,
    )
    if count:
        message = f"{lacking}: {count} agreements last beyond, such as account {account_id}'s"
        raise TariffRefused(message)
