"""A tariff version as one document: what is published, stored, sent as an event and rated."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.tariffs.components import (
    Allowance,
    AnyComponent,
    Blocks,
    EnergyPrice,
    Losses,
    Rounding,
)
from prewatt_metering.tariffs.fields import Day, Name, Strict
from prewatt_metering.tariffs.time_of_use import ALL_HOURS, TimeOfUse
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

SCHEMA_ID = "urn:prewatt:tariff:1"


class InvalidTariff(ValueError):
    """The text is no tariff document; the message names each place at fault."""


class Source(Strict):
    """Where the prices were published."""

    title: Annotated[str, Field(min_length=1, max_length=300)]
    url: Annotated[str, Field(max_length=500)] | None = None
    published: date | None = None


class Cycle(Strict):
    """Billing periods of whole calendar months; ``first_month`` is one in which a period begins."""

    months: Literal[1, 2, 3, 4, 6, 12] = 1
    first_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1


class TariffVersion(Strict):
    """A tariff from a local date until a later version of its code begins.

    A period with several versions is rated in parts, one a version. Blocks fill through the parts,
    each with its own version's full limits, unless the later version says ``prorate``: then its
    part begins at nothing, with each limit times its days over the period's.
    """

    code: Name
    valid_from: Day
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    timezone: Annotated[str, Field(min_length=1, max_length=60)]
    title: Annotated[str, Field(max_length=300)] = ""
    source: Source | None = None
    cycle: Cycle = Cycle()
    prorate: bool = False
    time_of_use: TimeOfUse | None = None
    losses: Losses | None = None
    allowance: Allowance | None = None
    components: tuple[AnyComponent, ...] = Field(min_length=1, max_length=100)
    rounding: Rounding | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> "TariffVersion":
        _check_zone(self.timezone)
        seen: set[str] = set()
        for component in self.components:
            if component.name in seen:
                message = f"two components are named {component.name}"
                raise ValueError(message)
            unknown = set(getattr(component, "on", None) or ()) - seen
            if unknown:
                names = ", ".join(sorted(unknown))
                message = f"{component.name} is on {names}: not named before it"
                raise ValueError(message)
            seen.add(component.name)
            _check_slot_names(component, self.slot_names)
        return self

    @cached_property
    def slot_names(self) -> tuple[str, ...]:
        """The time-of-use names that it knows."""
        return self.time_of_use.names if self.time_of_use else (ALL_HOURS,)

    @cached_property
    def has_annual_blocks(self) -> bool:
        """Whether any of its blocks fill over the calendar year."""
        return any(isinstance(each, Blocks) and each.over == "year" for each in self.components)

    def slots_of(self, calendar: LocalCalendar, day: date) -> DaySlots:
        """The slots of a local day: by time of use, or one that is the whole day."""
        tou = self.time_of_use
        if tou is None:
            return slots_of_day(calendar, day, lambda _: ALL_HOURS, (0,))
        return slots_of_day(calendar, day, tou.name_at(day), tou.marks)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of its days."""
        return ZoneInfo(self.timezone)


def parse_tariff(text: str | bytes) -> TariffVersion:
    """The version in a YAML or JSON text. Raises `InvalidTariff`."""
    try:
        document = read_yaml(text)
    except NotYaml as error:
        raise InvalidTariff(str(error)) from error
    return tariff_of(document)


def tariff_of(document: object) -> TariffVersion:
    """The version in a document that is parsed already. Raises `InvalidTariff`."""
    try:
        return TariffVersion.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        places = [f"{_place(e['loc'])}: {_said(e)}" for e in error.errors(include_url=False)]
        raise InvalidTariff("; ".join(places)) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidTariff(str(error)) from error


def document_of(version: TariffVersion) -> dict[str, Any]:
    """What `tariff_of` reads: JSON types only, without what has its default."""
    return version.model_dump(mode="json", exclude_defaults=True)


def canonical(version: TariffVersion) -> bytes:
    """The same bytes for the same version: what is hashed and compared."""
    return json.dumps(document_of(version), sort_keys=True, separators=(",", ":")).encode()


def tariff_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document."""
    schema: Mapping[str, Any] = TariffVersion.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
    }


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = f"{name!r} is no time zone of the IANA database"
        raise ValueError(message) from error


def _check_slot_names(component: AnyComponent, known: tuple[str, ...]) -> None:
    names: tuple[str, ...] = ()
    if isinstance(component, EnergyPrice):
        names = tuple(component.micro_per_kwh)
    elif isinstance(component, Blocks):
        names = component.of or ()
    unknown = sorted(set(names) - set(known))
    if unknown:
        message = f"{component.name}: no slot is named {', '.join(unknown)}; {', '.join(known)} are"
        raise ValueError(message)


def _place(location: tuple[int | str, ...]) -> str:
    return "/".join(map(str, location)) or "document"


def _said(error: ErrorDetails) -> str:
    return str(error["msg"]).removeprefix("Value error, ")
