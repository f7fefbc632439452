"""Use case: which accounts a payment may have been for."""

from collections.abc import Collection, Sequence
from typing import Protocol

from prepay_ledger.payments.candidates import Candidate, Found, further, near, ranked

_LOOKED_UP_MAX = 500
"""Where numbers lie close together, most of what is one slip away exists."""


class _Typed(Protocol):
    @property
    def account_number(self) -> str: ...
    @property
    def currency(self) -> str: ...


class FindsAccounts(Protocol):
    """Looks up accounts."""

    async def accounts_like(
        self, plain_numbers: Collection[str], *, currency: str, limit: int
    ) -> Sequence[Found]:
        """Those that have one of these plain numbers."""
        ...


async def find_candidates(accounts: FindsAccounts, payment: _Typed) -> Sequence[Candidate]:
    """The likeliest first. Those at two slips only where none is at one."""
    for slips_of in (near, further):
        slips = slips_of(payment.account_number)
        found = await accounts.accounts_like(
            slips.keys(), currency=payment.currency, limit=_LOOKED_UP_MAX
        )
        if found:
            return ranked(found, slips)
    return []
