"""What the fields of a tariff document may hold. Amounts are integers: no float becomes money."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

PPM = 1_000_000
"""Parts of a whole: a rate of 6 % is 60,000."""
_MICRO_MAX = 10**13
_WH_MAX = 10**15


def _in_some_year(month_day: str) -> str:
    try:
        date.fromisoformat(f"2028-{month_day}")  # a leap year
    except ValueError as error:
        message = f"{month_day} is no day of the year"
        raise ValueError(message) from error
    return month_day


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=60)]
"""Stands on a statement's line and in references from other components."""
Micro = Annotated[int, Field(strict=True, ge=-_MICRO_MAX, le=_MICRO_MAX)]
"""Micro-units of the currency; negative where the document gives something back."""
MicroFrom0 = Annotated[int, Field(strict=True, ge=0, le=_MICRO_MAX)]
Wh = Annotated[int, Field(strict=True, gt=0, le=_WH_MAX)]
WhFrom0 = Annotated[int, Field(strict=True, ge=0, le=_WH_MAX)]
Ppm = Annotated[int, Field(strict=True, ge=-10 * PPM, le=10 * PPM)]
Share = Annotated[int, Field(strict=True, ge=0, le=PPM)]
"""A part of a whole in ppm, 0 to 1,000,000."""
Day = Annotated[date, Field(ge=date(1970, 1, 1), lt=date(2100, 1, 1))]
"""A local day, far enough from the calendar's ends to count periods around it."""
WallClock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
MonthDay = Annotated[
    str,
    StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"),
    AfterValidator(_in_some_year),
]
"""``MM-DD``, 29 February included."""
YearMonth = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Strict(BaseModel):
    """A piece of the document: immutable, and a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def minute_of(wall_clock: str) -> int:
    """Minutes since local midnight of ``HH:MM``."""
    hours, minutes = wall_clock.split(":")
    return int(hours) * 60 + int(minutes)


def month_day_of(day: date) -> str:
    """``MM-DD``, which sorts as the calendar does."""
    return f"{day.month:02}-{day.day:02}"
