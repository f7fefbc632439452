"""What the contacts' API needs of the outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from notifier.contacts.consents import Consent, Purpose
from notifier.contacts.nominations import Nominated, Nomination
from notifier.contacts.values import Contact


class ContactStore(Protocol):
    """Contacts, inside one transaction."""

    async def hold_reads(self, account_ids: Collection[UUID]) -> Mapping[UUID, bool]:
        """Whether these customers read, of those that have a contact; locked until the transaction
        ends."""
        ...

    async def put(self, contacts: Sequence[Contact]) -> None:
        """Add them, or replace those that there are."""
        ...

    async def get(self, account_id: UUID) -> Contact | None: ...


OpenContacts = Callable[[], AbstractAsyncContextManager[ContactStore]]


class ConsentStore(Protocol):
    """What customers want to be told, inside one transaction."""

    async def hold(self, account_id: UUID) -> bool:
        """Whether there is a contact; locked until the transaction ends."""
        ...

    async def is_known(self, account_id: UUID) -> bool:
        """Whether there is a contact."""
        ...

    async def of(self, account_id: UUID) -> Sequence[Consent]:
        """The newest of each purpose that something was said of."""
        ...

    async def add(self, account_id: UUID, consents: Sequence[Consent]) -> None: ...
    async def stop_campaigns(self, account_id: UUID, purposes: Collection[Purpose]) -> None:
        """What campaigns of these purposes have queued for the account is not sent; what is being
        sent is not tried again."""
        ...


OpenConsents = Callable[[], AbstractAsyncContextManager[ConsentStore]]


class ForgetCustomer(Protocol):
    """Erases the customer's addresses wherever they are, and those of whom they have named. Gives
    whether there was a contact."""

    async def __call__(self, account_id: UUID, *, by: str) -> bool: ...


class NominatePerson(Protocol):
    """Writes down whom a customer has named. None where the account has no contact. Raises
    `AgreedTooLate`."""

    async def __call__(self, wanted: Nomination) -> Nominated | None: ...


class EndNomination(Protocol):
    """Erases the addresses of whom a customer has named. Gives whether there was somebody."""

    async def __call__(self, account_id: UUID, *, by: str) -> bool: ...


class FindNominated(Protocol):
    """Whom the customer of an account has named."""

    async def __call__(self, account_id: UUID) -> Nominated | None: ...


class AgreedTooLate(Exception):
    """An agreement is dated after now: nobody has said so yet."""
