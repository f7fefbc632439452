"""How far a consumer is behind, partition by partition, for those that it holds."""

from collections.abc import Iterable

from aiokafka import TopicPartition

from prewatt_common.metrics import CONSUMER_LAG


class LagGauge:
    """One group's values in this process. A partition that went to another member must go from
    here too: its last value would stand for ever, and add to the other's."""

    def __init__(self, *, group: str) -> None:
        self._group = group
        self._places: set[TopicPartition] = set()

    def set(self, place: TopicPartition, records: int) -> None:
        """``records`` are not processed yet."""
        self._places.add(place)
        CONSUMER_LAG.labels(*self._labels(place)).set(records)

    def keep_only(self, places: Iterable[TopicPartition]) -> None:
        """These are ours now. Not called before a rebalance is over: a group that cannot settle
        would show no lag, and nobody would be told."""
        for place in self._places.difference(places):
            CONSUMER_LAG.remove(*self._labels(place))
            self._places.discard(place)

    def _labels(self, place: TopicPartition) -> tuple[str, str, str]:
        return self._group, place.topic, str(place.partition)
