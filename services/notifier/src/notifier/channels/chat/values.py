"""The chat services of a utility, each by its address in the notation of Apprise."""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

import apprise
from pydantic import Field, SecretStr

ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
TO = "{to}"
_CHAT = re.compile(r"^(?P<service>[a-z][a-z0-9-]{0,31}):(?P<to>[A-Za-z0-9_@.+:-]{1,400})$")
_SOMEBODY = "123456789"


def messages_to(address: str) -> apprise.Apprise | None:
    """None where Apprise cannot read it."""
    messages = apprise.Apprise()
    read = messages.add(address)  # pyright: ignore[reportUnknownMemberType]
    return messages if read else None


class UnknownChat(ValueError):
    """The contact's chat is of no service that there is."""


class ChatServices:
    """By their names. Whom a message goes to is all that a contact says: the host and the secrets
    are the utility's, so that no contact has us call on anybody else."""

    def __init__(self, addresses: Mapping[str, SecretStr]) -> None:
        """Raises ValueError, without the address, which has secrets: not exactly one ``{to}``, or
        nothing that Apprise knows."""
        for name, address in addresses.items():
            url = address.get_secret_value()
            if url.count(TO) != 1:
                message = f"the address of {name} must have {TO} once: whom a message goes to"
                raise ValueError(message)
            if messages_to(url.replace(TO, _SOMEBODY)) is None:
                message = f"the address of {name} is of no service that Apprise knows"
                raise ValueError(message)
        self._addresses = {name: each.get_secret_value() for name, each in addresses.items()}

    def address_of(self, chat: str) -> str:
        """Of a contact's ``service:somebody``. Raises `UnknownChat`."""
        match = _CHAT.match(chat)
        if match is None or match["service"] not in self._addresses:
            message = f"there is no chat service {chat.partition(':')[0]}"
            raise UnknownChat(message)
        return self._addresses[match["service"]].replace(TO, quote(match["to"], safe="@+"))
