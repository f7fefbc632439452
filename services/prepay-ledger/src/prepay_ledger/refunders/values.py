"""What a provider is asked to give back, and what it answers. Money: integer micro-units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID

from pydantic import JsonValue

from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import micro_of_minor
from prepay_ledger.providers.values import AMOUNT_MICRO_MAX, Kind, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class BackRequest:
    """Money of one payment that is to go back to whoever paid it."""

    id: UUID
    """Also its idempotency key: a provider that is asked twice under it gives back once."""
    payment_id: str
    """The provider's own id of the payment."""
    paid_micro: int
    """What was paid, before anything of it went back."""
    amount_micro: int
    currency: str
    account_number: str
    movement_id: str = ""
    """The provider's own id of the refund, once it has told one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The provider has it; what came of it is told by its webhook, or as it is asked again.
    ``movement_id``: its own id of the refund, empty where it does not say."""

    movement_id: str


@dataclass(frozen=True, slots=True)
class Through:
    """What came of it, as the provider's event tells it too."""

    told: Told


@dataclass(frozen=True, slots=True)
class NotGiven:
    """Nothing goes back by this. ``code``: the provider's own word for why."""

    code: str


BackAnswer: TypeAlias = Taken | Through | NotGiven | NoAnswer


class Refunder(Protocol):
    """One provider that can be asked to give money back."""

    @property
    def looks(self) -> bool:
        """Whether it can be asked what became of what it has taken."""
        ...

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Whether it cannot be written as the provider counts."""
        ...

    async def ask(self, request: BackRequest) -> BackAnswer:
        """Never raises for what the provider does, and never for the network."""
        ...

    async def look(self, request: BackRequest) -> BackAnswer:
        """What became of it. Likewise."""
        ...


Refunders: TypeAlias = Mapping[str, Refunder]
"""By the provider's name, which is its webhook's too."""


def given_back(
    request: BackRequest,
    movement_id: str,
    *,
    kind: Kind = Kind.REFUNDED,
    total_micro: int | None = None,
    amount_micro: int | None = None,
) -> Through:
    """As an event of the same would tell it. ``total_micro``: all that went back of the payment so
    far, where the provider tells that. ``amount_micro``: what it gave back; none: as was asked."""
    if amount_micro is None:
        amount_micro = request.amount_micro
    told = Told(
        kind=kind,
        type="refund.answer",
        payment_id=request.payment_id,
        movement_id=movement_id,
        account_number="",
        amount_micro=amount_micro if total_micro is None else total_micro,
        currency=request.currency,
        at=None,
        cumulative=total_micro is not None,
        request_id=str(request.id),
    )
    return Through(told)


def told_micro(amount: JsonValue, currency: str) -> int | None:
    """What an answer has gone back, in the currency's smallest units; none where it is no such
    amount."""
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        return None
    micro = micro_of_minor(amount, currency)
    return micro if micro <= AMOUNT_MICRO_MAX else None
