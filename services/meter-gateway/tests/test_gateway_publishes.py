"""PUBLISH packets out of a stream, however it is cut; everything else is left to paho."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.mqtt.publishes import Publish, take_publishes

PINGRESP = b"\xd0\x00"


def _packet(publish: Publish, *, flags: int = 0) -> bytes:
    """As MQTT 3.1.1, 3.3 has it."""
    body = len(publish.topic).to_bytes(2, "big") + publish.topic
    if publish.message_id is not None:
        body += publish.message_id.to_bytes(2, "big")
        flags |= 0x02
    flags |= publish.retained
    body += publish.payload
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | 0x80 if rest else digit)
        if not rest:
            return bytes([0x30 | flags]) + bytes(length) + body


publishes = st.builds(
    Publish,
    topic=st.binary(max_size=30),
    payload=st.one_of(st.binary(max_size=40), st.sampled_from([130, 16_500, 2_100_000]).map(bytes)),
    message_id=st.none() | st.integers(1, 65_535),
    retained=st.booleans(),
)


@given(st.lists(publishes, max_size=8), st.data())
def test_whole_packets_are_taken_wherever_the_stream_is_cut(sent, data) -> None:
    stream = b"".join(_packet(each) for each in sent)
    cut = data.draw(st.integers(0, len(stream)))
    first, position = take_publishes(stream[:cut], 0)
    rest, end = take_publishes(stream, position)
    assert first + rest == sent
    assert position <= cut
    assert end == len(stream)


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    taken, position = take_publishes(data, 0)
    assert 0 <= position <= len(data)
    assert position or not taken


def test_retained_and_repeated_are_taken() -> None:
    publish = Publish(b"t", b"p", 7, retained=False)
    for flags in (0x01, 0x08, 0x09):
        expected = publish._replace(retained=bool(flags & 0x01))
        assert take_publishes(_packet(publish, flags=flags), 0)[0] == [expected]


@pytest.mark.parametrize(
    "left",
    [
        PINGRESP,
        b"\x34\x05\x00\x01t\x00\x01",  # QoS 2
        b"\x30\x00",  # no room for a topic
        b"\x30\x03\x00\x05t",  # the topic is longer than the packet
        b"\x32\x04\x00\x01t\x00",  # half a message id
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
    ],
)
def test_everything_else_is_left_where_it_is(left: bytes) -> None:
    publish = Publish(b"prewatt/v1/m/reading", b"{}", 1, retained=False)
    packet = _packet(publish)
    assert take_publishes(packet + left + packet, 0) == ([publish], len(packet))
