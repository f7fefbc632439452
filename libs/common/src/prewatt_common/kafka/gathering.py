"""Events of one kind share a record: a record costs whoever sends and reads it far more than an
event in it does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.gathered_v1 import GATHERED, GATHERED_MAX
from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.messages import Message, Source, partition_of

Partitions: TypeAlias = Mapping[str, int]
"""How many partitions topics have, by name, as far as that is known."""
APART: Partitions = {}
"""Nothing is known, or wanted: each event has a record of its own."""


def gather(
    source: Source,
    topic: Topic,
    events: Sequence[tuple[str, Event]],
    *,
    at: datetime,
    partitions: Partitions = APART,
) -> list[Message]:
    """Records of ``events``, each given with its key. Those of a key stay in their order among
    those of their kind. Each has a record of its own where it is alone, is of a kind that is not
    gathered, or ``partitions`` does not have the topic."""
    count = partitions.get(topic.name)
    if count is None:
        return [source.message(topic=topic, key=key, event=event, at=at) for key, event in events]
    places: dict[tuple[type[Event], int], list[tuple[str, Event]]] = {}
    for key, event in events:
        place = (type(event), partition_of(key.encode(), count))
        places.setdefault(place, []).append((key, event))
    return [
        source.message(topic=topic, key=key, event=event, at=at)
        for (kind, _), some in places.items()
        for key, event in _records(kind, some)
    ]


def _records(kind: type[Event], some: Sequence[tuple[str, Event]]) -> Iterator[tuple[str, Event]]:
    gathered = GATHERED.get(kind)
    if gathered is None or len(some) == 1:
        yield from some
        return
    for begin in range(0, len(some), GATHERED_MAX):
        part = some[begin : begin + GATHERED_MAX]
        yield part[0][0], gathered(events=tuple(event for _, event in part))
