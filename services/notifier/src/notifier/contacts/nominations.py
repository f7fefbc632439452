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
        """Another of them is another nomination."""
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


def has_not_agreed_since(standing: Nomination, wanted: Nomination) -> bool:
    """Whether what the person of ``standing`` has said, such as STOP, holds for ``wanted`` too: it
    is the same word of theirs, or one from before that, at an address that they had."""
    if standing.person == wanted.person:
        return True
    had, has = standing.contact, wanted.contact
    addresses = (
        (had.phone, has.phone),
        (had.email, has.email),
        (had.wechat_openid, has.wechat_openid),
        (had.chat, has.chat),
    )
    is_theirs = any(one is not None and one == other for one, other in addresses)
    return is_theirs and wanted.person.at <= standing.at


def is_same(standing: Nomination, wanted: Nomination) -> bool:
    """Whether ``wanted`` says nothing new: who wrote it down, and when, aside."""
    return (standing.contact, standing.agreements) == (wanted.contact, wanted.agreements)
