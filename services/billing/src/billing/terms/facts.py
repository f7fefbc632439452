"""From an event of ``ledger.facts.v1`` to a value; what contradicts itself is refused by name."""

from datetime import date

from billing.terms.values import (
    Agreement,
    Edit,
    Installation,
    InstallationFact,
    MeterFact,
    MeterFacts,
    PublishedTariff,
)
from prewatt_common.contracts.base import INSTANT_YEARS
from prewatt_common.contracts.ledger_facts_v1 import (
    AgreementSet,
    EditKind,
    InstallationSet,
    MeterRegistered,
    ReadingEdited,
    TariffCorrected,
    TariffPublished,
)
from prewatt_common.refusals import Refusal
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.tariffs.document import InvalidTariff, parse_tariff

MULTIPLIER_MAX = 1_000_000
MODULUS_WH_MAX = 10**15


class UnusableTariff(Refusal):
    """The document is no tariff, or another one than the event says: nothing can be rated by it."""

    kind = "unusable-tariff"


class UnusableFact(Refusal):
    """An agreement, an installation, a meter or an edit that contradicts itself."""

    kind = "unusable-fact"


def tariff_of(event: TariffPublished | TariffCorrected) -> PublishedTariff:
    """Raises `UnusableTariff`."""
    name = f"tariff {event.tariff_code} from {event.valid_from}"
    try:
        version = parse_tariff(event.document)
    except InvalidTariff as error:
        message = f"{name}: {error}"
        raise UnusableTariff(message) from error
    said = (event.tariff_code, event.valid_from, event.currency)
    if said != (version.code, version.valid_from, version.currency):
        message = (
            f"{name} in {event.currency}: the document is of {version.code} from "
            f"{version.valid_from} in {version.currency}"
        )
        raise UnusableTariff(message)
    return PublishedTariff(
        code=version.code,
        valid_from=version.valid_from,
        document=event.document,
        published_at=event.at,
        correction=event.correction if isinstance(event, TariffCorrected) else 0,
    )


def agreement_of(event: AgreementSet) -> Agreement:
    """Raises `UnusableFact`."""
    for name, day in (("first_day", event.first_day), ("end_day", event.end_day)):
        if day is not None and not _has_place(day):
            message = f"agreement {event.agreement_id}: {name} is {day}"
            raise UnusableFact(message)
    if event.end_day is not None and event.end_day < event.first_day:
        message = (
            f"agreement {event.agreement_id} ends on {event.end_day}, before it begins on "
            f"{event.first_day}"
        )
        raise UnusableFact(message)
    return Agreement(
        id=event.agreement_id,
        revision=event.revision,
        account_id=event.account_id,
        tariff_code=event.tariff_code,
        first_day=event.first_day,
        end_day=event.end_day,
        capacity_va=event.capacity_va,
        contracted_w=event.contracted_w,
    )


def installation_of(event: InstallationSet) -> InstallationFact:
    """Raises `UnusableFact`."""
    name = f"installation of meter {event.meter_id}"
    if event.ends_at is not None and event.ends_at < event.begins_at:
        message = f"{name}: ends at {event.ends_at}, before it begins at {event.begins_at}"
        raise UnusableFact(message)
    if event.ends_at is None and event.closing_wh is not None:
        message = f"{name}: closing register {event.closing_wh} Wh needs its instant"
        raise UnusableFact(message)
    if not 1 <= event.multiplier <= MULTIPLIER_MAX:
        message = f"{name}: multiplier {event.multiplier} is not 1 to {MULTIPLIER_MAX:,}"
        raise UnusableFact(message)
    return InstallationFact(
        id=event.installation_id,
        revision=event.revision,
        installation=Installation(
            meter=event.meter_id,
            account_id=event.account_id,
            from_us=us_of(event.begins_at),
            to_us=None if event.ends_at is None else us_of(event.ends_at),
            opening_wh=event.opening_wh,
            closing_wh=event.closing_wh,
            multiplier=event.multiplier,
            device=event.device,
        ),
        removed=event.removed,
    )


def meter_of(event: MeterRegistered) -> MeterFact:
    """Raises `UnusableFact`."""
    name, modulus_wh = f"meter {event.meter_id}", event.modulus_wh
    if modulus_wh is not None and not 1 <= modulus_wh <= MODULUS_WH_MAX:
        message = f"{name}: modulus {modulus_wh} Wh is not 1 to {MODULUS_WH_MAX:,}"
        raise UnusableFact(message)
    if event.resolution_wh < 0 or (modulus_wh is not None and event.resolution_wh >= modulus_wh):
        message = f"{name}: resolution {event.resolution_wh} Wh is not 0 to below the modulus"
        raise UnusableFact(message)
    if event.max_w is None and not event.household:
        message = f"{name}: max_w is required outside households, or every step is possible"
        raise UnusableFact(message)
    if event.max_w is not None and event.max_w <= 0:
        message = f"{name}: max_w {event.max_w} W is not above 0"
        raise UnusableFact(message)
    return MeterFact(
        revision=event.revision,
        facts=MeterFacts(
            meter=event.meter_id,
            household=event.household,
            modulus_wh=modulus_wh,
            resolution_wh=event.resolution_wh,
            max_w=event.max_w,
        ),
        supply_office=event.supply_office,
        station_area=event.station_area,
        line=event.line,
    )


def edit_of(event: ReadingEdited) -> Edit:
    """Raises `UnusableFact`."""
    name = f"edit {event.edit_id} of meter {event.meter_id}"
    if not event.by.strip() or not event.reason.strip():
        message = f"{name}: needs the name of who decides and the reason"
        raise UnusableFact(message)
    if (event.kind is EditKind.SET) != (event.register_wh is not None):
        message = f"{name}: is a {event.kind} with register {event.register_wh}; only a set has one"
        raise UnusableFact(message)
    return Edit(
        id=event.edit_id,
        meter=event.meter_id,
        at_us=us_of(event.read_at),
        kind=event.kind,
        register_wh=event.register_wh,
        by=event.by,
        reason=event.reason,
        decided_us=us_of(event.at),
    )


def _has_place(day: date) -> bool:
    """Dates have no bounds in the contract; these are far enough from the calendar's ends."""
    return 1970 <= day.year < INSTANT_YEARS.stop
