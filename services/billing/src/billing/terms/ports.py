"""What taking the ledger's facts needs of the outside."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from billing.terms.values import (
    Account,
    Agreement,
    Edit,
    InstallationFact,
    MeterFact,
    PublishedTariff,
)


class TermStore(Protocol):
    """The ledger's facts, inside one transaction. Of each thing the highest revision holds, so a
    repeat changes nothing; in one call each is there once."""

    async def put_accounts(self, accounts: Sequence[Account]) -> None: ...
    async def put_tariffs(self, versions: Sequence[PublishedTariff]) -> None:
        """Of two for the same day and correction the one published first holds."""
        ...

    async def put_completed(self, corrections: Collection[tuple[str, int]]) -> None:
        """Of these tariffs and corrections the ledger has charged every agreement by."""
        ...

    async def put_agreements(self, agreements: Sequence[Agreement]) -> None: ...
    async def accounts_of_installations(self, ids: Collection[UUID]) -> set[UUID]:
        """Whom they serve as it is known until now."""
        ...

    async def put_installations(self, installations: Sequence[InstallationFact]) -> None: ...
    async def put_meters(self, meters: Sequence[MeterFact]) -> None: ...
    async def put_edits(self, edits: Sequence[Edit]) -> None: ...
