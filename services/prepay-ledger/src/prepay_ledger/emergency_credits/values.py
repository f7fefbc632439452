"""Emergency credit of an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.facts.values import Decided


class CreditState(StrEnum):
    """How far it is. The last two are over."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    ENDED = "ended"
    """Repaid, and the balance above the point at which it was offered."""
    LAPSED = "lapsed"
    """Never accepted, and the balance above that point."""


OPEN = frozenset({CreditState.OFFERED, CreditState.ACCEPTED})


class Means(StrEnum):
    """How a customer accepts."""

    APP = "app"
    SMS = "sms"
    PHONE = "phone"
    DESK = "desk"


class Refused(StrEnum):
    """Why an account has no emergency credit to accept."""

    NOT_IN_POLICY = "not_in_policy"
    """The policy offers none to the account's class."""
    AGREEMENT_FORBIDS = "agreement_forbids"
    """No agreement about prepayment is in force."""
    PROTECTED = "protected"
    """Nobody cuts the account: there is nothing to be saved from."""
    NOT_OFFERED = "not_offered"
    """The balance is above the point at which it is offered."""
    USED_ALREADY = "used_already"
    """It was accepted before and is not repaid, or as often as the policy allows."""
    TOO_LITTLE = "too_little"
    """More is owed than it would allow to use: only a payment helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """``decided``: by the subject of the token, and when. Under one ``key`` it is done once."""

    means: Means
    key: str
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCredit:
    """``amount_micro`` may be used below the overdraft that is agreed, once it is accepted.
    ``point_micro``: the balance at or below which it was offered; above it, it is over."""

    id: UUID
    account_id: UUID
    amount_micro: int
    point_micro: int
    policy: int
    """The number of the version that offered it."""
    offered_at: datetime
    state: CreditState = CreditState.OFFERED
    acceptance: Acceptance | None = None
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """``open``: what is offered or accepted and not over; one at most. ``accepted_at``: when any
    was accepted in the last year."""

    open: EmergencyCredit | None = None
    accepted_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The account as it is looked at. ``agreed``: an agreement about prepayment is in force."""

    account_id: UUID
    balance_micro: int
    overdraft_micro: int
    protected: bool
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What becomes of an account's emergency credit as it is looked at."""

    active_micro: int = 0
    """What may be used below the overdraft now."""
    changed: EmergencyCredit | None = None
    """To be stored and told: it is over, or it is offered."""
    waits_until: datetime | None = None
    """Until then no cut: the customer has the time to answer."""
    offer_at_micro: int | None = None
    """At or below this balance one may be offered; none: one is, or none will be."""
    over_above_micro: int | None = None
    """Above this balance what is open is over."""


NOTHING = Followed()
