"""What taking the ledger's totals needs of the outside."""

from collections.abc import Sequence
from typing import Protocol

from prewatt_common.contracts.ledger_charges_v1 import PostedCharge, PostedEstimate


class PostingStore(Protocol):
    """The ledger's totals, inside one transaction."""

    async def put_posted(self, charges: Sequence[PostedCharge]) -> None:
        """At most one an agreement and period, the highest version holds."""
        ...

    async def put_estimates(self, estimates: Sequence[PostedEstimate]) -> None:
        """Likewise."""
        ...
