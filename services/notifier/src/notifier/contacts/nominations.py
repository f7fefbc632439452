"""A person whom a customer has named, to be warned too: with the consent of both."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Contact


@dataclass(frozen=True, slots=True)
class Agreement:
    """That somebody has agreed: ``how`` they said so, and when."""

    how: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Nomination:
    """``contact`` is of the role `nominated`, ``customer`` and ``person`` have both agreed, and
    ``by`` wrote it down ``at``."""

    id: UUID
    contact: Contact
    customer: Agreement
    person: Agreement
    by: str
    at: datetime

    @property
    def agreements(self) -> tuple[Agreement, Agreement]:
        """Another of them is another nomination: what the person said of the last one is over."""
        return self.customer, self.person


@dataclass(frozen=True, slots=True)
class Nominated:
    """A nomination that stands, and whether the person still wants to be told."""

    nomination: Nomination
    is_told: bool = True

    @property
    def contact(self) -> Contact:
        """How the person is reached."""
        return self.nomination.contact

    @property
    def declined(self) -> Collection[Purpose]:
        """Nobody who only helps is told against their will: all may be refused."""
        return () if self.is_told else frozenset(Purpose)


def is_same(standing: Nomination, wanted: Nomination) -> bool:
    """Whether ``wanted`` says nothing new: who wrote it down, and when, aside."""
    return (standing.contact, standing.agreements) == (wanted.contact, wanted.agreements)
