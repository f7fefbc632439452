"""A correction run: whose it is, what it would change, how far it is."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prewatt_metering.tariffs.document import TariffVersion


class RunState(StrEnum):
    """How far a run is."""

    PREVIEWING = "previewing"
    """What it would change is being worked out."""
    PREVIEWED = "previewed"
    """It waits for a person, who releases or withdraws it."""
    RELEASED = "released"
    """The version is corrected; agreement by agreement comes to be charged by it."""
    DONE = "done"
    """Every agreement is charged by it."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run changes, in micro-units of the tariff's currency; ``made_at``: as of when."""

    accounts: int
    dearer: int
    cheaper: int
    difference_micro: int
    apart_micro: int
    """What of it balances are not asked for: it is owed apart, or written off."""
    newly_negative: int
    needs_second_person: bool
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRun:
    """A version's document replaced from its own first day on.

    ``tariff_rows``: how many versions and corrections of the tariff there were when the preview
    began. ``previewed_upto``: the last account that is in a preview under way. ``figures``: none
    until the preview is whole. ``correction``: the number that the release gave it among those of
    its tariff. ``trouble``: why an agreement cannot be charged, which is tried again.
    ``our_fault``: what it adds to a bill is owed apart, however new.
    """

    id: UUID
    state: RunState
    version: TariffVersion
    drafted: Decided
    tariff_rows: int
    previewed_upto: UUID | None = None
    figures: Figures | None = None
    correction: int | None = None
    released: Decided | None = None
    withdrawn: Decided | None = None
    done_at: datetime | None = None
    trouble: str | None = None
    our_fault: bool = False

    @property
    def code(self) -> str:
        """Of its tariff."""
        return self.version.code

    @property
    def valid_from(self) -> date:
        """Of the version that it corrects."""
        return self.version.valid_from

    @property
    def source(self) -> str:
        """What its entries name as their cause."""
        return f"correction/{self.id}"
