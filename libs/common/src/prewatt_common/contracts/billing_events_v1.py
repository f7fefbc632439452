"""Topic ``billing.events.v1``: what billing noticed of households.

For people and their tools alone. Nothing that decides on supply may read it: an account that is
flagged here is never cut for it, and the ledger knows nothing of it.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Event, Instant, Whole, Words


class HardshipLevel(StrEnum):
    """How sure it is."""

    WATCH = "watch"
    LIKELY = "likely"


class HardshipEnd(StrEnum):
    """Why a flag stands no more."""

    CLEARED = "cleared"
    """Nothing was noticed for some days."""
    MOVED_OUT = "moved_out"
    """The account has no agreement any more, or is no household's."""
    RAISED_ANEW = "raised_anew"
    """A person dealt with it long ago, and it still holds: another flag says so."""


class HardshipFlagged(Event, frozen=True, kw_only=True):
    """A household probably runs out of money and goes without: a person should look. Told once a
    flag; the numbers are asked for (``GET /v1/hardship/flags/{id}``), which keeps who saw them.
    Key: the account."""

    ce_type: ClassVar[str] = "prewatt.billing.hardship-flagged.v1"

    flag_id: UUID
    account_id: UUID
    level: HardshipLevel
    indicators: tuple[Words, ...]
    """Names of the policy's indicators that hold."""
    first_day: date
    """The local day on whose evening it was first seen."""
    policy_version: Whole
    at: Instant


class HardshipCleared(Event, frozen=True, kw_only=True):
    """A flag stands no more. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.billing.hardship-cleared.v1"

    flag_id: UUID
    account_id: UUID
    ended_day: date
    ended_by: HardshipEnd
    at: Instant
