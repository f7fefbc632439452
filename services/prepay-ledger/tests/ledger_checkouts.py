"""A provider's page that is never asked for: what is looked at is which money it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined


@dataclass(frozen=True)
class Takes:
    """A `Checkout` of one currency, as those of China are."""

    currency: str = "CNY"
    labels: Mapping[str, str] = field(default_factory=dict)
    page_origins: tuple[str, ...] = ()

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        return currency != self.currency

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        return Declined(str(request.id))
