"""What a supply policy says of post-paid accounts that do not pay in time."""

from typing import Annotated, Literal

import msgspec

from prewatt_common.contracts.base import Currency
from prewatt_common.contracts.supply_calendar_v1 import Part

DayRate = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
"""Of what is open, for one day, in ppm: 1,000 are 0.1 %; 1 % a day is the most."""


class LateCharge(Part, frozen=True, kw_only=True):
    """What a day costs on which a statement is overdue, of what is open of it at the end of that
    day: simple interest, which bears none itself. Fractions of a micro-unit are dropped from the
    sum of a statement's days."""

    rate_ppm: DayRate
    later_years_rate_ppm: DayRate | None = None
    """On days of later calendar years than that of the due day; null: the same."""
    grace_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    """The first so many days after the due day cost nothing, whether it is paid in them or not."""
    minimum_micro: Annotated[
        dict[Currency, Annotated[int, msgspec.Meta(ge=1, le=10**10)]], msgspec.Meta(max_length=20)
    ] = msgspec.field(default_factory=dict[str, int])
    """By currency: a statement that costs anything costs at least so much."""
    cap_ppm: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1_000_000
    """A statement costs at most this part of what it asked for anew; all of it, as shipped. It
    bounds the minimum too."""
    paid: Literal["last", "first"] = "last"
    """What is paid pays what was used first, and late charges last; or the other way round."""
    while_protected: bool = False
    """Also on days on which the account is protected."""


class LatePayments(Part, frozen=True, kw_only=True):
    """What follows when a statement of a post-paid account is not paid. Days on which the customer
    disputes a reading or a charge cost nothing, whatever this says."""

    charge: LateCharge | None = None
    """null: nothing is charged."""
    reminder_days: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=366)], ...], msgspec.Meta(max_length=10)
    ] = ()
    """So many days after the due day the customer is reminded, once each; rising."""
    remind_while_protected: bool = True
    """Who is protected cannot be cut, and still wants to know what is open."""
    remind_while_disputed: bool = False

    def __post_init__(self) -> None:
        if list(self.reminder_days) != sorted(set(self.reminder_days)):
            message = (
                f"reminder_days must rise from one to the next, and {list(self.reminder_days)} "
                "does not"
            )
            raise ValueError(message)
