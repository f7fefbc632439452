"""What a provider is asked for, so that somebody can pay, and what it answers. Money: integer
micro-units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from prepay_ledger.payment_requests.values import NoAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequest:
    """Money that somebody wants to pay to an account, at a page of the provider."""

    id: UUID
    """Also its idempotency key: a provider that is asked twice under it makes one page."""
    account_number: str
    amount_micro: int
    currency: str
    title: str
    """What is paid for, as the payer reads it there."""
    language: str
    """``en`` or ``zh-CN``."""
    return_url: str
    """Where the payer comes back to after paying."""
    cancel_url: str
    """Where the payer comes back to without."""
    begun_at: datetime
    payer_address: str = ""
    """Of the payer on the network, as our proxies tell it; empty: not known."""


@dataclass(frozen=True, slots=True)
class PageReady:
    """The payer is to be sent to ``url``, or, where that is no page of the web (``weixin://...``),
    scans it as a code; the provider's webhook tells whether money came."""

    url: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider makes no page for this. ``code``: its own word for why."""

    code: str


CheckoutAnswer: TypeAlias = PageReady | Declined | NoAnswer


class Checkout(Protocol):
    """One provider at whose page somebody can pay."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What payers know it by, by language: ``en`` and ``zh-CN``."""
        ...

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Where its pages are: ``https://pay.example``. Nobody is sent anywhere else."""
        ...

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Whether it cannot be written as the provider counts."""
        ...

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        """Never raises for what the provider does, and never for the network."""
        ...
