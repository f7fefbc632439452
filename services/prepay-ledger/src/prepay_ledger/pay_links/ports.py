"""What the use cases of pay links need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.pay_links.values import Attempt, LinkKeys, Payable, PayLink, Telling


class PayLinkStore(Protocol):
    """Links, and payments begun by them."""

    async def asked_as(self, key: str, *, who: str) -> PayLink | None:
        """The link that the person made under that key."""
        ...

    async def add(self, link: PayLink) -> None: ...
    async def add_all(self, links: Sequence[PayLink]) -> None:
        """Many at once."""
        ...

    async def telling(
        self,
        account_ids: Collection[UUID],
        *,
        who: str,
        keys: LinkKeys,
        until: datetime,
        now: datetime,
    ) -> Mapping[UUID, Telling]:
        """Of those of the accounts that can be paid to by a link: the newest that ``who`` made,
        that a key of ``keys`` makes again, and that is valid ``until`` then at least."""
        ...

    async def lock(self, link_id: UUID) -> PayLink | None: ...
    async def revoke(self, link: PayLink) -> None:
        """Write that it is, and by whom."""
        ...

    async def payable(self, token_sha256: bytes, *, now: datetime, lock: bool) -> Payable | None:
        """By its token; with ``lock`` whoever else begins a payment by it waits for our commit."""
        ...

    async def of_form(self, link_id: UUID, nonce: str) -> Attempt | None: ...
    async def attempt(self, attempt_id: UUID, *, lock: bool = False) -> Attempt | None: ...
    async def begun_since(self, link_id: UUID, since: datetime) -> int: ...
    async def add_attempt(self, attempt: Attempt) -> None: ...
    async def put_attempt(self, attempt: Attempt) -> None:
        """What of it may change."""
        ...


class HasPayLinks(Protocol):
    """A transaction that knows of payments begun by links."""

    pay_links: PayLinkStore


class Unit(HasPayLinks, HasBalances, Protocol):
    """A transaction about links."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
