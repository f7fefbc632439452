"""What a payment provider is asked for, and what it answers. Money: integer micro-units."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """Money that a provider is to take from a customer who has agreed to it beforehand."""

    id: UUID
    """Also its idempotency key: a provider that is asked twice under it charges once."""
    account_id: UUID
    account_number: str
    reference: str
    """The provider's own name of the mandate, or of the stored means of payment."""
    amount_micro: int
    currency: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the request on; its webhook tells whether money came.
    ``payment_id``: its own id of the payment, empty where it does not say."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No money comes of this request. ``for_good``: the mandate is of no use any more."""

    code: str
    """The provider's own word for why."""
    for_good: bool
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody knows whether the provider has the request: it is asked again, under the same key."""

    reason: str
    is_there: bool
    """The provider answered, though nothing that could be gone by: it is not down."""


Answer: TypeAlias = Accepted | Refused | NoAnswer


class Requester(Protocol):
    """One provider that can be asked for money."""

    def refused_reference(self, reference: str) -> str | None:
        """What is wrong with a mandate's reference by this provider's rules; none: nothing."""
        ...

    async def ask(self, request: PaymentRequest) -> Answer:
        """Never raises for what the provider does, and never for the network."""
        ...
