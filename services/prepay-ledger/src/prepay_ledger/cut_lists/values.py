"""A day's list of cuts, and where an account stands in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.procedure_v1 import CUT_LIST

WAITS_FOR_LIST = f"step:{CUT_LIST}"
"""The rule by which a cut waits for a list."""
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
    ASIDE = "aside"
    """Something else holds the cut: the lines behind it go first."""
    OUT = "out"
    """The cut is on its way."""
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
    """How many lines of a list were cut, could not be, need not be any more, are being cut, and
    are held by something else."""

    done: int
    failed: int
    dropped: int
    out: int = 0
    aside: int = 0

    @property
    def tried(self) -> int:
        """What came of so many cuts is known."""
        return self.done + self.failed

    @property
    def gone(self) -> int:
        """So many cuts were sent."""
        return self.tried + self.out


class Listed(NamedTuple):
    """Where an account stands in the newest list that has it. ``place``: among the lines that wait,
    from 1; of another line 0."""

    of: CutList
    place: int
    state: LineState
    progress: Progress

    @property
    def number(self) -> int:
        """Of its cut among those of the list, were it made now."""
        return self.progress.gone + self.place


class Noted(NamedTuple):
    """A list whose lines have changed, how far it was before and is after that. ``waits_again``:
    accounts whose lines were not waiting before."""

    of: CutList
    before: Progress
    after: Progress
    waits_again: set[UUID]


def sha256_of(account_ids: Sequence[UUID]) -> str:
    """What names the accounts of a list and their order."""
    return hashlib.sha256("".join(f"{each}\n" for each in account_ids).encode()).hexdigest()
