"""What the contacts' API needs of the outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from notifier.contacts.values import Contact


class ContactStore(Protocol):
    """Contacts, inside one transaction."""

    async def put(self, contacts: Sequence[Contact]) -> None:
        """Add them, or replace those that there are."""
        ...

    async def get(self, account_id: UUID) -> Contact | None: ...


OpenContacts = Callable[[], AbstractAsyncContextManager[ContactStore]]


class ForgetCustomer(Protocol):
    """Erases the customer's addresses wherever they are. Gives whether there was a contact."""

    async def __call__(self, account_id: UUID) -> bool: ...
