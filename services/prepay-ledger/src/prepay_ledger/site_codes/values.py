"""Reconnection codes that were given out, and the secrets that they are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

Masters = Mapping[str, bytes]
"""Master secrets by the key id that a meter's plate names, the newest first; none: codes are not
set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCode:
    """A counter of its meter that was given out for a work order. The digits are kept nowhere: they
    follow from it and the master secret."""

    id: UUID
    order_id: UUID
    meter_id: str
    counter: int
    issued_at: datetime


class Reading(NamedTuple):
    """Who has read a code, and when."""

    read_by: str
    at: datetime


class KeyedCode(NamedTuple):
    """A code as it is typed in: 16 digits in groups of four, good at a meter made under that
    key."""

    key_id: str
    code: str


class ShownCode(NamedTuple):
    """A code as it is shown, one for each master secret, with who has read it, the last first."""

    site_code: SiteCode
    codes: tuple[KeyedCode, ...]
    readings: tuple[Reading, ...]
