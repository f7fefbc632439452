"""Which meters SQL can count, and what it has to know of them.

It counts a register that never left its path: then all that was heard is trusted, and what was used
is what it rose by. A meter of which people said more than where it was installed goes to the scalar
code from the start; one whose register is found to do more is found by SQL (`use_sql`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.terms.values import Agreement

WH_MAX = 10**13
"""10 TWh: no register shows more."""
FOR_EVER_US = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An agreement with the tariff that its use is cut by, and the meters of its account.
    ``by_day``: its use is needed by local day."""

    agreement: Agreement
    tariff: Tariff
    meters: Sequence[MeterTerms]
    by_day: bool = False


class Piece(NamedTuple):
    """Time of a meter that is the agreement's: (``begin_us``, ``end_us``]."""

    begin_us: int
    end_us: int


def is_ordinary(meter: MeterTerms) -> bool:
    """Whether one device alone hung under the meter's id, all of whose readings stand as they
    came, and no register that people read is out of bounds."""
    places = meter.installations
    return (
        not meter.edits
        and len({each.multiplier for each in places}) == 1
        and len({each.device for each in places} - {None}) <= 1
        and all(0 <= wh <= WH_MAX for _, wh in given(meter))
    )


def given(meter: MeterTerms) -> set[tuple[int, int]]:
    """The registers that people read at installations: (instant, Wh)."""
    return {
        (at_us, wh)
        for each in meter.installations
        for at_us, wh in ((each.from_us, each.opening_wh), (each.to_us, each.closing_wh))
        if at_us is not None and wh is not None
    }


def pieces(meter: MeterTerms, served: Served) -> list[Piece]:
    """What the agreement has of the meter's time."""
    agreement, first_instant_us = served.agreement, served.tariff.calendar.first_instant_us
    begin_us, end_us = first_instant_us(agreement.first_day), FOR_EVER_US
    if agreement.end_day is not None:
        end_us = first_instant_us(agreement.end_day)
    found = [
        Piece(
            max(begin_us, each.from_us), end_us if each.to_us is None else min(end_us, each.to_us)
        )
        for each in meter.installations
        if each.account_id == agreement.account_id
    ]
    return [each for each in found if each.begin_us < each.end_us]
