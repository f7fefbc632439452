"""What a channel is to whoever sends a notice over it."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from notifier.notices.values import Notice, Text
from prewatt_common.contracts.notice_events_v1 import Proof


class TransientFailure(Exception):
    """The channel cannot take this notice now; it may later."""


class PeerDown(TransientFailure):
    """The channel takes nothing now: its peer does not answer, refuses us, or wants us to wait."""


class PermanentFailure(Exception):
    """The channel will never take it."""


class Verdict(StrEnum):
    """What becomes of a notice that a peer has accepted."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is known as the peer accepts a notice."""

    proof: Proof | None = None
    """Of its delivery, where that is known at once."""
    segments: int | None = None
    """Messages that the network counts, of what goes by SMS."""
    message_ids: Sequence[str] = ()
    """The peer's numbers of them, where it reports by these what became of them."""


class Coding(StrEnum):
    """How the octets of what a customer has written are to be read."""

    GSM = "gsm"
    """A septet an octet, unpacked."""
    LATIN_1 = "latin-1"
    UCS2 = "ucs2"
    """Big-endian, as phones send it: with pairs of surrogates, so really UTF-16."""
    BINARY = "binary"
    """No text: a phone's settings, a ring tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a customer has written to us. ``gateway``: which way it came, such as ``smpp``; ``id``:
    the gateway's own of it, none where it has none; ``sender`` as the gateway writes it."""

    gateway: str
    id: str | None
    sender: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPart:
    """A part of a long text, the ``number``-th of ``total``, from 1 on. The phone has given all of
    them one ``reference``. Its octets are read once they are together: a character may lie across
    two of them."""

    gateway: str
    sender: str
    reference: int
    total: int
    number: int
    coding: Coding
    octets: bytes


class ChannelPort(Protocol):
    """A way out. Gives back once the peer has accepted it; raises one of the failures above.

    The notice's id goes with it, the same at every attempt, so that the receiver can recognise a
    repeat.
    """

    async def send(self, notice: Notice, text: Text) -> Acceptance: ...


class TakeReceipt(Protocol):
    """What a channel that reports by its own numbers tells: keeps what became of a message, and
    gives whether a notice is known for it."""

    def __call__(self, message_id: str, verdict: Verdict, *, reason: str) -> Awaitable[bool]: ...


class TakeWritten(Protocol):
    """Keeps what a customer has written, once however often it comes. It is worked through later:
    whoever calls may tell the gateway that it is taken."""

    async def __call__(self, written: Written) -> None:
        """A whole message."""
        ...

    async def part(self, part: WrittenPart) -> None:
        """One part: the message is taken once all of them are there."""
        ...
