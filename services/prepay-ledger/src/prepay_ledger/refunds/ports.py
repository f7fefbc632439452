"""What paying out needs."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.deposits import ports as deposits
from prepay_ledger.modes.ports import HasModes
from prepay_ledger.refunds.values import Back, Ground, PaidBefore, Payee, Refund, Step


class RefundStore(Protocol):
    """Refunds, payees, and what was done. Whoever changes a refund has its account locked."""

    async def ground(self, account: Account, *, today: date, now: datetime) -> Ground:
        """Of an account whose row is locked. ``today``: the utility's day."""
        ...

    async def payee_id(self, account_id: UUID, payee: Payee) -> UUID:
        """Under which the payee is kept for that account, for ever the same."""
        ...

    async def payee(self, payee_id: UUID) -> Payee | None: ...
    async def add(self, refund: Refund) -> None: ...
    async def refund(self, refund_id: UUID) -> Refund | None: ...
    async def put(self, refund: Refund) -> None:
        """Its state, and by which lines of the bank it went and came back."""
        ...

    async def in_file(self, refund_id: UUID) -> UUID | None:
        """The file of transfers that pays it; none: no file does, or the bank has refused it."""
        ...

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """What the person did under that key."""
        ...

    async def add_step(self, step: Step) -> None: ...


class BackStore(Protocol):
    """How providers are asked for refunds. Whoever changes that has the refund's account locked."""

    async def lock_payment(self, payment: UUID) -> PaidBefore | None:
        """The payment of that id of ours, its row locked: nothing of it goes back meanwhile."""
        ...

    async def add(self, back: Back) -> None: ...
    async def of_refund(self, refund_id: UUID) -> Back | None: ...
    async def of_payment(self, payment: UUID) -> Sequence[Back]:
        """The oldest first; none of nearly all."""
        ...

    async def put(self, back: Back) -> None: ...
    async def to_ask(self, provider: str, *, now: datetime, limit: int) -> Sequence[UUID]:
        """The refunds that the provider is to be asked about by now, the longest due first."""
        ...

    async def overdue(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """The refunds whose answer was waited for long enough."""
        ...


class HasRefunds(Protocol):
    """A transaction that knows what is paid out."""

    refunds: RefundStore
    backs: BackStore


class Unit(deposits.Unit, HasModes, HasRefunds, Protocol):
    """A transaction in which money is paid out."""


UnitT = TypeVar("UnitT", bound=Unit)
Review = Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]]
"""Decides the supply of accounts anew, in the transaction that moved their balances."""
OpenUnit = Callable[[], AbstractAsyncContextManager[UnitT]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
