"""From a Kafka record to its event."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID, uuid5

import msgspec
from aiokafka import ConsumerRecord

from prewatt_common.contracts.base import Event, outside_years
from prewatt_common.contracts.gathered_v1 import GATHERED, Gathered
from prewatt_common.kafka.messages import header

EventT = TypeVar("EventT")
OneOfT = TypeVar("OneOfT", bound=Event)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding bytes as JSON raises, be they what they may."""
_GATHERED_TYPES = frozenset(each.ce_type for each in GATHERED.values())


class Several(NamedTuple, Generic[EventT]):
    """What a record of many holds: its events in order, and by their indexes in the record those
    that are none, with the reason."""

    events: Sequence[EventT]
    bad: Sequence[tuple[int, str]]

    def __len__(self) -> int:
        return len(self.events) + len(self.bad)

    def index_of(self, event: object) -> int:
        """Where that very event lies in the record."""
        place = next(place for place, each in enumerate(self.events) if each is event)
        bad = {index for index, _ in self.bad}
        return [index for index in range(len(self)) if index not in bad][place]


Decode = Callable[[ConsumerRecord], EventT]
"""Gives the event of a record; raises `Undecodable`. None is an event the reader has no use for."""


class Undecodable(ValueError):
    """The record does not hold to its contract: it goes to the dead letters."""


class Delivered(NamedTuple, Generic[EventT]):
    """An event as it arrived: ``Delivered[Reading]``, or of several types ``Delivered[A | B]``."""

    event: EventT
    record: ConsumerRecord

    @property
    def event_id(self) -> UUID:
        """The CloudEvents id, or of a record of many what follows from it: what a repeat is
        recognised by."""
        text = header(self.record.headers, "ce_id")
        try:
            identity = UUID(text or "")
        except ValueError as error:
            message = f"ce_id is not a UUID: {text!r}"
            raise Undecodable(message) from error
        if header(self.record.headers, "ce_type") in _GATHERED_TYPES:
            # By the event and not by its place: a dead letter holds one of them alone.
            return uuid5(identity, msgspec.json.encode(self.event).decode())
        return identity


def decode_one(event: type[EventT]) -> Decode[EventT]:
    """For a topic of one event type: headers are not looked at, which the hot path wants."""
    decode = msgspec.json.Decoder(event).decode
    instants = _instants(event)

    def of_record(record: ConsumerRecord) -> EventT:
        try:
            found = decode(record.value or b"")
        except UNREADABLE as error:
            message = f"not a {event.__name__}: {error}"
            raise Undecodable(message) from error
        wrong = outside_years(found, instants)
        if wrong:
            message = f"not a {event.__name__}: {wrong}"
            raise Undecodable(message)
        return found

    return of_record


def _instants(event: type[object]) -> tuple[str, ...]:
    """The fields that hold an instant. msgspec has no bounds for those, and one near the calendar's
    ends has no place in every timezone: whoever handles it would fail, and it is no bad release."""
    described = msgspec.inspect.type_info(event)
    assert isinstance(described, msgspec.inspect.StructType)
    return tuple(field.name for field in described.fields if _holds_instant(field.type))


def _holds_instant(kind: msgspec.inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return any(isinstance(each, msgspec.inspect.DateTimeType) for each in kinds)


def decode_some(events: Sequence[type[OneOfT]]) -> Decode[OneOfT | Several[OneOfT] | None]:
    """By the ``ce_type`` header, each alone in its record or many in one; types outside ``events``
    give none and are passed over."""
    decoders: dict[str, Decode[OneOfT | Several[OneOfT]]] = {
        event.ce_type: decode_one(event) for event in events
    }
    for event in events:
        if gathered := GATHERED.get(event):
            decoders[gathered.ce_type] = cast(Decode[Several[OneOfT]], _decode_gathered(gathered))

    def of_record(record: ConsumerRecord) -> OneOfT | Several[OneOfT] | None:
        kind = header(record.headers, "ce_type")
        if kind is None:
            message = "no ce_type header"
            raise Undecodable(message)
        decode = decoders.get(kind)
        return decode(record) if decode else None

    return of_record


class _Apart(msgspec.Struct):
    events: list[msgspec.Raw]


_decode_apart = msgspec.json.Decoder(_Apart).decode


def one_of_gathered(value: bytes, index: int) -> bytes:
    """A record's value as that of a record of its one event ``index``."""
    return msgspec.json.encode(_Apart([_decode_apart(value).events[index]]))


def _decode_gathered(gathered: type[Gathered]) -> Decode[Several[Any]]:
    """The events of a record; what is wrong with one of them harms no other."""
    decode = msgspec.json.Decoder(gathered).decode
    decode_each = msgspec.json.Decoder(gathered.of).decode
    instants = _instants(gathered.of)

    def of_record(record: ConsumerRecord) -> Several[Any]:
        value = record.value or b""
        try:
            events = decode(value).events
        except UNREADABLE:
            return one_by_one(value)
        if any(outside_years(each, instants) for each in events):
            return one_by_one(value)
        return Several(events, ())

    def one_by_one(value: bytes) -> Several[Any]:
        try:
            parts = _decode_apart(value).events
        except UNREADABLE as error:
            message = f"not a {gathered.__name__}: {error}"
            raise Undecodable(message) from error
        if not parts:
            message = f"not a {gathered.__name__}: it holds no event"
            raise Undecodable(message)
        events: list[Event] = []
        bad: list[tuple[int, str]] = []
        for index, part in enumerate(parts):
            try:
                event = decode_each(part)
            except UNREADABLE as error:
                bad.append((index, f"not a {gathered.of.__name__}: {error}"))
                continue
            wrong = outside_years(event, instants)
            if wrong:
                bad.append((index, f"not a {gathered.of.__name__}: {wrong}"))
            else:
                events.append(event)
        return Several(events, bad)

    return of_record
