"""What stops a consumer: it does not pass by itself, and nothing is skipped to get past it.

The consumer keeps its partitions where they are, says why in ``/readyz/consume`` and
``prewatt_consumer_stopped``, and looks again after a while; the process lives on.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from aiokafka import ConsumerRecord, TopicPartition

_ERROR_CHARS_MAX = 300


class Stop(Exception):
    """Why a consumer stopped; the message is for whoever operates it."""

    kind: ClassVar[str]
    """Of the metric's label ``reason``."""
    again_s: ClassVar[float] = 30.0
    """After which it is looked at again: what a person mended goes on by itself."""

    def __init__(self, message: str, *, places: Iterable[TopicPartition] = ()) -> None:
        super().__init__(message)
        self.places = frozenset(places)
        """The partitions of the records that it failed on, where those are known."""


class Defect(Stop):
    """The code failed on a record, or beside one: a bad release, or a schema that is not its own.
    A bad release is not bad data: no record is given up for it."""

    kind = "defect"


class WrongSchema(Stop):
    """The database is not at the revision that this release is written for."""

    kind = "schema"
    again_s = 5.0


class BreakerOpen(Stop):
    """Too many of the last records were dead letters."""

    kind = "breaker"


class TopicMadeAnew(Stop):
    """The topic is another than the one that the stored offset is of."""

    kind = "topic-made-anew"


class OffsetBeyondLog(Stop):
    """Kafka has fewer records than were processed: it lost some."""

    kind = "beyond-log"


class OffsetBeforeLog(Stop):
    """Kafka no longer has the records that come next."""

    kind = "before-log"


class DatabaseRestored(Stop):
    """The group told Kafka of a later offset than its database knows: that went back in time."""

    kind = "restored"


KINDS = tuple(
    each.kind
    for each in (
        Defect,
        WrongSchema,
        BreakerOpen,
        TopicMadeAnew,
        OffsetBeyondLog,
        OffsetBeforeLog,
        DatabaseRestored,
    )
)


def as_stop(error: BaseException) -> Stop:
    """``error`` as the reason for a stop: a `Defect`, where it is not one of its own."""
    return error if isinstance(error, Stop) else Defect(f"a defect: {in_words(error)}")


def defect_at(records: Sequence[ConsumerRecord], error: BaseException) -> Defect:
    """What the handling of ``records`` failed with, one record where it was found."""
    among = f" or one of the {len(records) - 1} records with it" if len(records) > 1 else ""
    return Defect(
        f"a defect at {place_of(records[0])}{among}: {in_words(error)}",
        places={TopicPartition(each.topic, each.partition) for each in records},
    )


def place_of(record: ConsumerRecord) -> str:
    """Where a record lies, for people: topic/partition/offset."""
    found: Any = record
    return f"{found.topic}/{found.partition}/{found.offset}"


def in_words(error: BaseException) -> str:
    """Type and first line, not too long: SQLAlchemy's messages hold statements and parameters."""
    line = f"{error}".partition("\n")[0]
    if len(line) > _ERROR_CHARS_MAX:
        line = line[:_ERROR_CHARS_MAX] + "..."
    return f"{type(error).__name__}: {line}"
