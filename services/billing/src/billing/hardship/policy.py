"""The policy: by what indicators a household is shown to a person, and where each comes from.

A document that a utility publishes, in versions that stand for ever. As shipped nothing is
published, and nothing is looked at. Every threshold is a beginning: ``source`` says where it comes
from, and ``verified`` whether the utility has checked it for its own customers.
"""

from typing import Annotated, Any

import msgspec

from prewatt_common.contracts.supply_calendar_v1 import Part
from prewatt_metering.calendar.local import LocalCalendar

Days = Annotated[int, msgspec.Meta(ge=1, le=366)]
Times = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Ppm = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
"""A share or a ratio: 1,000,000 is all, or as much as before."""
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class InvalidPolicy(ValueError):
    """The document is no policy; the message says what in it, in one line."""


class Indicator(Part, frozen=True, kw_only=True):
    """What all have. ``source``: where its thresholds come from."""

    source: Words
    verified: bool = False
    """Whether the utility has checked source and thresholds."""


class RanOut(Indicator, frozen=True, kw_only=True):
    """Supply was off for want of money ``times`` times in the window, each for ``minutes``."""

    times: Times = 2
    minutes: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 180


class StaysOff(Indicator, frozen=True, kw_only=True):
    """Supply is off for want of money now, for ``hours`` already."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 24


class TinyTopUps(Indicator, frozen=True, kw_only=True):
    """``times`` top-ups or more in the window, and their median is at most ``share_ppm`` of the
    median of the household's own top-ups before."""

    times: Times = 4
    share_ppm: Ppm = 500_000


class MoreOften(Indicator, frozen=True, kw_only=True):
    """``times`` top-ups or more in the window, and ``ratio_ppm`` as many as in as many days
    before."""

    times: Times = 8
    ratio_ppm: Ppm = 2_000_000


class LateAtNight(Indicator, frozen=True, kw_only=True):
    """``times`` top-ups or more in the window from ``from_hour`` up to ``until_hour``, local time,
    and ``share_ppm`` or more of all."""

    times: Times = 3
    share_ppm: Ppm = 300_000
    from_hour: Hour = 23
    until_hour: Hour = 5


class LivesOnCredit(Indicator, frozen=True, kw_only=True):
    """Emergency credit was accepted ``times`` times in the window, or stood on ``days`` days."""

    times: Times = 3
    days: Days = 10


class UseFell(Indicator, frozen=True, kw_only=True):
    """Use of late is at most ``ratio_ppm`` of the household's own before, once what its neighbours
    did is taken out, and at least ``used_ppm`` of it: who uses less still is probably away."""

    ratio_ppm: Ppm = 600_000
    used_ppm: Ppm = 150_000


class NotWarmed(Indicator, frozen=True, kw_only=True):
    """In one of ``months`` the neighbours use ``neighbours_ppm`` or more of what they used before,
    for it has become cold, and the household at most ``own_ppm`` and at least ``used_ppm``."""

    months: Annotated[tuple[Month, ...], msgspec.Meta(min_length=1, max_length=12)] = (
        11, 12, 1, 2, 3,
    )  # fmt: skip
    neighbours_ppm: Ppm = 1_200_000
    own_ppm: Ppm = 900_000
    used_ppm: Ppm = 150_000


class Indicators(Part, frozen=True, kw_only=True):
    """Those that are looked at; one that is left out is not."""

    ran_out: RanOut | None = None
    stays_off: StaysOff | None = None
    tiny_top_ups: TinyTopUps | None = None
    more_often: MoreOften | None = None
    late_at_night: LateAtNight | None = None
    emergency_credit: LivesOnCredit | None = None
    use_fell: UseFell | None = None
    not_warmed: NotWarmed | None = None


class HardshipPolicy(Part, frozen=True, kw_only=True):
    """Of the whole utility."""

    title: Words
    timezone: str
    """IANA name: of the days, and of the hours of the night."""
    window_days: Annotated[int, msgspec.Meta(ge=7, le=92)] = 28
    """What counts as of late, for supply and money."""
    before_days: Annotated[int, msgspec.Meta(ge=28, le=366)] = 84
    """Before the window: the household's own habit of buying."""
    use_days: Annotated[int, msgspec.Meta(ge=7, le=28)] = 14
    """What counts as of late, for use."""
    use_before_days: Annotated[int, msgspec.Meta(ge=14, le=56)] = 28
    """Before these: the household's own use."""
    neighbours_min: Times = 20
    """Of fewer households of a tariff no median is taken, and use is not judged."""
    empty_ppm: Ppm = 250_000
    """A household that used at most this share of its own in the week before supply went off may be
    empty: that is said, and it is never called likely."""
    clear_days: Days = 7
    """A flag ends once nothing was noticed for so long."""
    rest_days: Days = 30
    """After a person has dealt with a flag, its account is not shown again for so long."""
    indicators: Indicators

    def __post_init__(self) -> None:
        LocalCalendar(self.timezone)


def policy_of(document: object) -> HardshipPolicy:
    """The policy in a document of JSON types. Raises `InvalidPolicy`."""
    try:
        return msgspec.convert(document, HardshipPolicy)
    except (msgspec.ValidationError, RecursionError) as error:
        message = " ".join(str(error).split())
        raise InvalidPolicy(message) from error


def read_policy(text: str) -> HardshipPolicy:
    """What `canonical` wrote."""
    return msgspec.json.decode(text, type=HardshipPolicy)


def canonical(policy: HardshipPolicy) -> str:
    """The same text for the same policy, with all that was left out."""
    return msgspec.json.encode(policy, order="sorted").decode()


def document_of(policy: HardshipPolicy) -> dict[str, Any]:
    """As JSON types."""
    return msgspec.to_builtins(policy)
