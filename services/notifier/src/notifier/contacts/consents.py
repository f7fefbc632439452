"""What a customer wants to be told, by purpose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What a notice is for."""

    SUPPLY = "supply"
    """Whether there is electricity, and what comes before a cut: told whatever a customer wants,
    because the law asks for it and a household depends on it."""
    PAYMENTS = "payments"
    """Receipts, and what is owed apart."""
    NEWS = "news"
    """Of law and tariffs."""
    CAMPAIGNS = "campaigns"
    """Offers: only to those who have agreed."""


ASSUMED = frozenset({Purpose.SUPPLY, Purpose.PAYMENTS, Purpose.NEWS})
"""Told to whoever has said nothing."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer has said of a purpose, when, how, and who wrote it down."""

    purpose: Purpose
    given: bool
    at: datetime
    how: str
    by: str


def declined(said: Sequence[Consent], *, refusable: Collection[Purpose]) -> frozenset[Purpose]:
    """What is not told, by the newest of each purpose. What may not be refused is told.

    >>> from datetime import UTC
    >>> no = Consent(Purpose.NEWS, given=False, at=datetime.now(UTC), how="sms", by="us")
    >>> sorted(declined([no], refusable={Purpose.NEWS, Purpose.CAMPAIGNS}))
    ['campaigns', 'news']
    >>> sorted(declined([no], refusable=()))
    []
    """
    newest = {each.purpose: each.given for each in sorted(said, key=lambda each: each.at)}
    return frozenset(
        purpose
        for purpose in Purpose
        if purpose in refusable and not newest.get(purpose, purpose in ASSUMED)
    )
