"""What a gateway tells us by HTTP of its own accord: what became of messages, and what customers
write. Which of its words mean what is a mapping, so that one reader serves every gateway."""

import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from notifier.channels.places import Missing, at, fill, of_document
from notifier.channels.ports import Verdict, Written

logger = logging.getLogger(__name__)

_JSON = TypeAdapter[JsonValue](JsonValue)


class Mapped(BaseModel):
    """A part of the document that describes a gateway. What it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReceiptMapping(Mapped):
    """Where a gateway's report says what became of a message. Patterns name places of an item:
    ``{status.code}``."""

    items: str = ""
    """The place of the list of reports; the whole body where empty, which may be one report."""
    message_id: str
    state: str
    delivered: frozenset[str]
    bounced: frozenset[str]
    """Other states say that it is on its way."""
    reason: str = ""
    reply: JsonValue = None
    """What the gateway wants to hear; none: an empty answer."""


class MessageMapping(Mapped):
    """Where it tells what a customer has written, in the same way."""

    items: str = ""
    id: str | None = None
    """None where it numbers none."""
    time: str | None = None
    """Where it numbers none: when it was written. What is alike in everything is then one message.
    Without that either, the same words are one message within a short time."""
    sender: str
    text: str
    reply: JsonValue = None


class SignatureEncoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


class SignatureMapping(Mapped):
    """HMAC-SHA256 over the body, in a header."""

    header: str
    prefix: str = ""
    """What stands before it, ``sha256=``."""
    encoding: SignatureEncoding = SignatureEncoding.HEX

    def holds(self, body: bytes, said: str | None, *, key: bytes) -> bool:
        """Whether ``said`` is the body's signature under ``key``."""
        digest = hmac.new(key, body, sha256)
        signature = (
            digest.hexdigest()
            if self.encoding is SignatureEncoding.HEX
            else b64encode(digest.digest()).decode("ascii")
        )
        given = (said or "").encode("utf-8", "replace")
        return hmac.compare_digest(f"{self.prefix}{signature}".encode(), given)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a gateway may call us with, and how we know that it is the gateway."""

    secret: str
    receipt: ReceiptMapping | None
    signature: SignatureMapping | None = None
    key: bytes = b""
    message: MessageMapping | None = None
    gateway: str = ""
    """The kind of gateway: a message's id is its."""

    def is_ours(self, secret: str) -> bool:
        """Whether the address that was called ends as ours does."""
        return hmac.compare_digest(self.secret.encode(), secret.encode())

    def is_signed(self, body: bytes, header: Callable[[str], str | None]) -> bool:
        """Whether the gateway has signed the body, where it signs."""
        signature = self.signature
        return signature is None or signature.holds(body, header(signature.header), key=self.key)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message."""

    message_id: str
    verdict: Verdict | None
    """None while it is on its way."""
    reason: str


class UnreadableCallback(Exception):
    """The body is not what the mapping says."""


def reports_in(body: bytes, mapping: ReceiptMapping) -> list[Report]:
    """Without what cannot be read. Raises `UnreadableCallback` where nothing else is there."""
    reports: list[Report] = []
    unreadable: list[UnreadableCallback] = []
    for number, item in enumerate(_items(body, mapping.items)):
        value_of = of_document(item)
        try:
            message_id, state = (
                fill(each, value_of) for each in (mapping.message_id, mapping.state)
            )
        except Missing as missing:
            unreadable.append(_nothing_at(missing, number))
            continue
        try:
            why = fill(mapping.reason, value_of)
        except Missing:
            why = ""
        verdict = None
        if state in mapping.delivered:
            verdict = Verdict.DELIVERED
        elif state in mapping.bounced:
            verdict = Verdict.BOUNCED
        reason = f"delivery report {state}" + (f", {why}" if why else "")
        reports.append(Report(message_id, verdict, reason))
    _some_were_read(reports, unreadable)
    return reports


def written_in(body: bytes, mapping: MessageMapping, *, gateway: str) -> list[Written]:
    """As `reports_in`."""
    written: list[Written] = []
    unreadable: list[UnreadableCallback] = []
    for number, item in enumerate(_items(body, mapping.items)):
        value_of = of_document(item)
        try:
            sender, text = (fill(each, value_of) for each in (mapping.sender, mapping.text))
            if mapping.id:
                said_id = fill(mapping.id, value_of)
            elif mapping.time:
                fill(mapping.time, value_of)
                said_id = _digest(item)
            else:
                said_id = None
        except Missing as missing:
            unreadable.append(_nothing_at(missing, number))
            continue
        written.append(Written(gateway=gateway, id=said_id, sender=sender, text=text))
    _some_were_read(written, unreadable)
    return written


def _some_were_read(read: Sequence[object], unreadable: Sequence[UnreadableCallback]) -> None:
    """One that cannot be read takes nothing from the others: refused, all would come again, and in
    vain. Raises where none could be."""
    if unreadable and not read:
        raise unreadable[0]
    for each in unreadable:
        logger.error("a gateway's item is left out: %s", each)


def _digest(item: JsonValue) -> str:
    raw = json.dumps(item, ensure_ascii=False, sort_keys=True)
    return sha256(raw.encode("utf-8", "replace")).hexdigest()


def _items(body: bytes, place: str) -> list[JsonValue]:
    document = _document(body)
    try:
        found = at(document, place)
    except Missing as missing:
        raise UnreadableCallback(f"nothing at {place}") from missing
    return found if isinstance(found, list) else [found]


def _document(body: bytes) -> JsonValue:
    """JSON, or a form of fields."""
    try:
        return _JSON.validate_json(body)
    except ValidationError:
        pass
    try:
        fields = parse_qsl(body.decode("utf-8"), strict_parsing=True, max_num_fields=100)
    except ValueError as error:
        raise UnreadableCallback("neither JSON nor a form") from error
    if not fields:
        raise UnreadableCallback("neither JSON nor a form: it is empty")
    return dict(fields)


def _nothing_at(missing: Missing, number: int) -> UnreadableCallback:
    return UnreadableCallback(f"nothing at {missing} of item {number}")
