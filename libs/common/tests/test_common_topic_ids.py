"""Whom a consumer asks for its topics' ids, where one of several brokers is away."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError
from aiokafka.structs import BrokerMetadata

from prewatt_common.kafka.topic_ids import topic_ids

ID = uuid4()
LEADERS = {0: 2, 1: -1}
"""Of the topic's partitions; the second has none now."""


class Brokers:
    """Three brokers, some of them away."""

    def __init__(self, *away, code=0):
        self.away, self.code, self.asked = away, code, []
        self.cluster = SimpleNamespace(
            brokers=lambda: {BrokerMetadata(node, "h", 1, None) for node in (1, 2, 3)},
            partitions_for_topic=lambda _: set(LEADERS),
            leader_for_partition=lambda place: LEADERS[place.partition],
        )

    async def send(self, node, _):
        self.asked.append(node)
        if node in self.away:
            raise KafkaConnectionError(str(node))
        return SimpleNamespace(topics=[(self.code, "t", ID, False, [], 0, {})])


@pytest.mark.parametrize(("away", "asked"), [((), [2]), ((2,), [2, 1]), ((1, 2), [2, 1, 3])])
async def test_the_leaders_are_asked_first_and_the_others_where_they_are_away(away, asked):
    brokers = Brokers(*away)
    assert await topic_ids(brokers, ["t"]) == {"t": ID}
    assert brokers.asked == asked


async def test_no_broker_and_no_topic_are_errors_of_kafka():
    with pytest.raises(KafkaConnectionError, match="no broker tells of t"):
        await topic_ids(Brokers(1, 2, 3), ["t"])
    with pytest.raises(UnknownTopicOrPartitionError):
        await topic_ids(Brokers(code=UnknownTopicOrPartitionError.errno), ["t"])
