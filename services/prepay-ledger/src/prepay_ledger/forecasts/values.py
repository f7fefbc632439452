"""What a forecast rests on, what it says, and why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.policies.openings import Openings
from prewatt_metering.forecast.profile import UseProfile
from prewatt_metering.forecast.run_out import CostsAhead, RunOut
from prewatt_metering.registers.spans import Span


class NotKnown(StrEnum):
    """Why nothing is known of an account; then nothing is said."""

    NO_AGREEMENT = "no_agreement"
    """No tariff charges it today."""
    POST_PAID = "post_paid"
    """It pays after use: its money does not end."""
    NO_READINGS = "no_readings"
    SILENT = "silent"
    """Its meter has said nothing for a week: its balance lacks what was used since."""
    FEW_DAYS = "few_days"
    """Fewer than two weeks were measured with supply."""
    NOT_RATED = "not_rated"
    """Its tariff lacks a price or a value that it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an account used of late. ``days``: Wh by local day. ``packed``: readings of the last
    posting days as they came, by meter; none of an account of very many meters."""

    days: Mapping[date, int]
    meter_ids: Sequence[str]
    """That serve it or have served it."""
    begins_us: int | None
    """When the first of them began to."""
    last_at_us: int | None
    """Up to when all that serve it were read; none where that is not known of each."""
    gaps: Sequence[Span]
    """Silences of its meters."""
    packed: Mapping[str, Sequence[tuple[date, bytes]]] = field(
        default_factory=dict[str, Sequence[tuple[date, bytes]]]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A forecast as it was made. ``as_of_us``: of the reading up to which the balance knows of
    use; ``timezone``: of the tariff."""

    account_id: UUID
    as_of_us: int
    timezone: str
    profile: UseProfile
    costs: CostsAhead


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What an account is told: why nothing is known, or what is."""

    account: Account
    left_micro: int
    """Balance, overdraft and emergency credit: what may be used until the cut."""
    not_known: NotKnown | None = None
    made: Made | None = None
    ends: RunOut | None = None
    openings: Openings | None = None


class UnderWay(NamedTuple):
    """A run over all accounts: its day, and the account after which it goes on (none: from the
    first)."""

    day: date
    after: UUID | None


class Kept(NamedTuple):
    """What a portion of a run came to."""

    made: Sequence[Made]
    forgotten: Sequence[UUID]
    """Accounts of which nothing is known any more."""
    at: datetime
