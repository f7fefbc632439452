"""The form of a scenario: tariff, accounts with meters, readings, money. Fields that are not known
are somebody's notes and left alone."""

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from prewatt_metering.tariffs.document import TariffVersion, tariff_of
from prewatt_metering.tariffs.fields import WEEKDAYS


class BadScenario(ValueError):
    """The file is no scenario; the message names the places at fault."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True)


Micro = Annotated[int, Field(strict=True)]
Wh = Annotated[int, Field(strict=True)]


class Slot(_Form):
    """Half-open wall-clock hours with a price; weekdays count from Monday, 0."""

    name: str
    begin: str = Field(alias="from")
    end: str = Field(alias="to")
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] | None = None
    micro_per_kwh: Micro


class Block(_Form):
    """A step of the month's energy with an adder."""

    upto_wh: Wh | None
    adder_micro_per_kwh: Micro


class Version(_Form):
    """A tariff from a local date."""

    since: date = Field(alias="from")
    tou: tuple[Slot, ...]
    blocks: tuple[Block, ...]
    standing_micro_per_day: Micro
    tax_ppm: Micro
    prorate: bool = False


class Tariff(_Form):
    """Its versions, in any order."""

    versions: tuple[Version, ...]


class Meter(_Form):
    """A meter, with its installation where that is not the account's whole life."""

    id: str
    max_w: Wh | None = None
    modulus_wh: Wh | None = None
    resolution_wh: Wh = 0
    since: AwareDatetime | None = Field(default=None, alias="from")
    until: AwareDatetime | None = Field(default=None, alias="to")
    opening_wh: Wh | None = None
    closing_wh: Wh | None = None


class Account(_Form):
    """Local days, both included."""

    id: str
    opened: date
    closed: date | None = None
    meters: tuple[Meter, ...]


class MeterReading(_Form):
    """A register at an instant."""

    meter: str
    ts: AwareDatetime
    register_wh: Wh


class TopUp(_Form):
    """Money in."""

    id: str
    account: str
    ts: AwareDatetime
    amount_micro: Micro


class Refund(TopUp):
    """Money back, of a top-up."""

    topup: str


class Scenario(_Form):
    """A whole case; ``expected`` is what an independent ledger says of it."""

    tz: str
    as_of: AwareDatetime
    emergency_micro: Micro = 0
    tariff: Tariff
    accounts: tuple[Account, ...]
    readings: tuple[MeterReading, ...] = ()
    topups: tuple[TopUp, ...] = ()
    refunds: tuple[Refund, ...] = ()
    expected: dict[str, Any] | None = None

    def tariff_versions(self) -> list[TariffVersion]:
        """As the library knows them. Raises ValueError for what makes no tariff."""
        return [_version(each, self.tz) for each in self.tariff.versions]


def parse_scenario(text: str | bytes) -> Scenario:
    """Raises `BadScenario`."""
    try:
        return Scenario.model_validate_json(text)
    except ValidationError as error:
        places = [
            f"{'/'.join(map(str, item['loc'])) or 'file'}: {item['msg']}"
            for item in error.errors(include_url=False)
        ]
        message = "; ".join(places)
        raise BadScenario(message) from error


def _version(version: Version, tz: str) -> TariffVersion:
    prices = {slot.name: slot.micro_per_kwh for slot in version.tou}
    return tariff_of(
        {
            "code": "scenario",
            "valid_from": version.since.isoformat(),
            "currency": "XXX",
            "timezone": tz,
            "prorate": version.prorate,
            "time_of_use": {
                "slots": [
                    {
                        "name": slot.name,
                        "begin": slot.begin,
                        "end": slot.end,
                        "weekdays": slot.days and [WEEKDAYS[day] for day in slot.days],
                    }
                    for slot in version.tou
                ]
            },
            "components": [
                {"name": "tou", "kind": "energy", "micro_per_kwh": prices},
                {
                    "name": "block",
                    "kind": "blocks",
                    "blocks": [
                        {"upto_wh": b.upto_wh, "micro_per_kwh": b.adder_micro_per_kwh}
                        for b in version.blocks
                    ],
                },
                {
                    "name": "standing",
                    "kind": "standing",
                    "micro_per_day": version.standing_micro_per_day,
                },
                {"name": "tax", "kind": "levy", "rate_ppm": version.tax_ppm},
            ],
        }
    )
