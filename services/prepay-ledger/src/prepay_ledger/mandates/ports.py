"""What the use cases of automatic top-up need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debts.ports import DaysUnit
from prepay_ledger.events import Publishes
from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.values import Mandate, Month, Step, TopUpRequest
from prepay_ledger.pay_links.ports import HasPayLinks


class Known(NamedTuple):
    """What of an account says whether money may be asked for."""

    zone: str | None
    """Of its tariff, by which its days are; none where it never had an agreement."""
    has_meter: bool
    is_disputed: bool
    has_open: bool


class MandateStore(Protocol):
    """Mandates and their requests. Whoever changes any of an account has the account locked."""

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at; nothing is locked."""
        ...

    async def look(self, account_id: UUID) -> None:
        """The account is to be looked at."""
        ...

    async def looked(self, account_id: UUID) -> None:
        """It was, and the account is locked."""
        ...

    async def arm(self, account_id: UUID, threshold_micro: int | None) -> None:
        """As the balance falls to this, the account is to be looked at; none: it never is."""
        ...

    async def live(self, account_id: UUID) -> Mandate | None:
        """The one that is not ended."""
        ...

    async def mandate(self, mandate_id: UUID) -> Mandate | None: ...
    async def asked_as(self, key: str, *, who: str) -> Mandate | None:
        """What the person made of a mandate under that key, as it was then."""
        ...

    async def agreed_by(self, mandate_id: UUID, consent_reference: str) -> bool:
        """Whether this consent stood behind the mandate before."""
        ...

    async def add(self, mandate: Mandate) -> None: ...
    async def put(self, mandate: Mandate) -> None: ...
    async def add_step(self, mandate: Mandate, step: Step) -> None:
        """Raises `OtherRequest` where the key came before."""
        ...

    async def gone(self, provider: str, reference: str) -> Sequence[Mandate]:
        """Active ones whose provider names them so, in whole or by what stands after a slash."""
        ...

    async def known(self, account_id: UUID, *, consent_at: datetime, now: datetime) -> Known:
        """``consent_at``: of payments that were disputed those count that came after it."""
        ...

    async def month(self, account_id: UUID, first: date, end: date) -> Month: ...
    async def request(self, request_id: UUID) -> TopUpRequest | None: ...
    async def statement_number(self, statement_id: UUID) -> int:
        """Of a statement that a request is for."""
        ...

    async def paid_by(self, provider: str, payment_id: str) -> TopUpRequest | None:
        """The request that the provider has given that payment's id to."""
        ...

    async def unsent(self, account_id: UUID) -> Sequence[TopUpRequest]:
        """A top-up at most, and of each debt an instalment."""
        ...

    async def with_instalments(
        self, provider: str, until: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """Accounts whose active mandate with the provider covers instalments, and that owe one up
        to that day which is not asked for; in the order of their ids. Nothing is locked."""
        ...

    async def add_request(self, request: TopUpRequest) -> None: ...
    async def put_request(self, request: TopUpRequest) -> None: ...
    async def to_send(self, provider: str, *, now: datetime, limit: int) -> Sequence[UUID]: ...
    async def overdue(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Those that nobody waits for any more."""
        ...

    async def add_close(self, request_id: UUID, decided: Decided) -> None: ...


class HasMandates(Protocol):
    """A transaction that asks for money, or takes it."""

    mandates: MandateStore


class Unit(HasMandates, HasBalances, HasPayLinks, Publishes, Protocol):
    """A transaction about automatic top-up."""


class CollectingUnit(Unit, DaysUnit, Protocol):
    """One in which instalments are asked for."""


OpenCollectingUnit = Callable[[], AbstractAsyncContextManager[CollectingUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
