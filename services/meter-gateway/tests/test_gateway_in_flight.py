"""When a connection has more in hand than it may: by messages, by bytes, of this connection."""

import pytest

from meter_gateway.mqtt.in_flight import InFlight
from meter_gateway.mqtt.publishes import Publish

MIB = 1024 * 1024


def publish(message_id: int | None, size: int = 1) -> Publish:
    return Publish(b"prewatt/v1/m-1/reading", bytes(size), message_id, False)


@pytest.mark.parametrize(
    ("publishes", "full", "half_full"),
    [
        ([], False, False),
        ([publish(1)], False, False),
        ([publish(1), publish(2)], False, True),
        ([publish(each) for each in range(1, 5)], True, True),
        # At QoS 0 nobody waits for an acknowledgement.
        ([publish(None, 20 * MIB)] * 5, False, False),
        ([publish(1, 16 * MIB)], False, True),
        ([publish(1, 16 * MIB), publish(2, 16 * MIB)], True, True),
    ],
)
def test_full_by_messages_or_by_bytes(publishes, full, half_full):
    in_flight = InFlight(messages_max=4)
    in_flight.receive(publishes)
    assert (in_flight.is_full(), in_flight.is_full(share=2)) == (full, half_full)


def test_what_is_finished_makes_room_and_is_acknowledged_in_order():
    in_flight = InFlight(messages_max=4)
    first, second = in_flight.receive([publish(7, 20 * MIB), publish(8, 20 * MIB)])
    in_flight.finish([second])
    # Its bytes are free, its PUBACK waits for the one before it.
    assert not in_flight.is_full()
    assert in_flight.take_finished() == []
    in_flight.finish([first])
    assert in_flight.take_finished() == [7, 8]
    assert not in_flight.is_full(share=2)


def test_what_came_on_an_earlier_connection_counts_for_nothing():
    in_flight = InFlight(messages_max=4)
    earlier = in_flight.receive([publish(1, 20 * MIB), publish(2, 20 * MIB)])
    in_flight.reconnected()
    assert not in_flight.is_full(share=2)
    (again, _) = in_flight.receive([publish(1, 20 * MIB), publish(2, 10 * MIB)])
    in_flight.finish(earlier)
    assert in_flight.take_finished() == []
    assert in_flight.is_full(share=2)
    assert in_flight.is_current(again)
    assert not any(map(in_flight.is_current, earlier))


def test_a_topic_that_is_no_text_is_passed_on_to_be_refused():
    (message,) = InFlight(messages_max=4).receive([Publish(b"\xff", b"", 1, False)])
    assert message.topic == "(not UTF-8)"
