"""A day's list of cuts, and where an account stands in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided

LINES_MAX = 5_000
"""Of one list, which is one request."""


class ListState(StrEnum):
    """How far a list is."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    STOPPED = "stopped"


class LineState(StrEnum):
    """How far a line is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    """The cut was tried and given up."""
    DROPPED = "dropped"
    """The account is not to be cut any more: it has paid, or is protected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutList:
    """Accounts to be cut on ``local_day`` of the procedure's zone, in their order; ``cited`` is the
    version that asks for the list. ``decided``: its approval, or who stopped it."""

    id: UUID
    state: ListState
    cited: str
    local_day: date
    lines: int
    accounts_sha256: str
    drafted: Decided
    approved: Decided | None = None
    stopped: Decided | None = None


class Progress(NamedTuple):
    """How many lines of a list were cut, could not be, and need not be any more."""

    done: int
    failed: int
    dropped: int

    @property
    def ended(self) -> int:
        """Those that wait no more."""
        return self.done + self.failed + self.dropped


class Listed(NamedTuple):
    """Where an account stands in the newest list that has it: its line's number, from 1."""

    of: CutList
    number: int
    state: LineState
    progress: Progress


def sha256_of(account_ids: Sequence[UUID]) -> str:
    """What names the accounts of a list and their order."""
    return hashlib.sha256("".join(f"{each}\n" for each in account_ids).encode()).hexdigest()
