"""From a Kafka record to its event."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord

from prewatt_common.contracts.base import Event, outside_years
from prewatt_common.kafka.messages import header

EventT = TypeVar("EventT")
OneOfT = TypeVar("OneOfT", bound=Event)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding bytes as JSON raises, be they what they may."""


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
        """The CloudEvents id: what a repeat is recognised by."""
        text = header(self.record.headers, "ce_id")
        try:
            return UUID(text or "")
        except ValueError as error:
            message = f"ce_id is not a UUID: {text!r}"
            raise Undecodable(message) from error


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


def decode_some(events: Sequence[type[OneOfT]]) -> Decode[OneOfT | None]:
    """By the ``ce_type`` header; types outside ``events`` give none and are passed over."""
    decoders = {event.ce_type: decode_one(event) for event in events}

    def of_record(record: ConsumerRecord) -> OneOfT | None:
        kind = header(record.headers, "ce_type")
        if kind is None:
            message = "no ce_type header"
            raise Undecodable(message)
        decode = decoders.get(kind)
        return decode(record) if decode else None

    return of_record
