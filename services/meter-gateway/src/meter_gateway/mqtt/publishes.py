"""PUBLISH packets out of a stream of bytes (MQTT 3.1.1, 3.3), as many as are whole.

Nearly all that a gateway receives is PUBLISH. paho takes each through several small reads, a
message object, a topic matcher and three locks; here it is five slices.
"""

from typing import NamedTuple

_PUBLISH = 0x30
_TYPE = 0xF0
_QOS = 0x06
_QOS_1 = 0x02
_RETAIN = 0x01


class Publish(NamedTuple):
    """One packet. ``message_id`` is none at QoS 0. ``retained``: kept from before we subscribed."""

    topic: bytes
    payload: bytes
    message_id: int | None
    retained: bool


def take_publishes(data: bytes, position: int) -> tuple[list[Publish], int]:
    """The whole PUBLISH packets of QoS 0 and 1 that follow one another from ``position`` on, and
    the position after them. Whatever else comes, a malformed packet too, is left where it is."""
    taken: list[Publish] = []
    end = len(data)
    while position + 2 <= end and data[position] & _TYPE == _PUBLISH:
        flags = data[position]
        qos = flags & _QOS
        if qos > _QOS_1:
            break
        # The remaining length: seven bits a byte, the lowest first, four bytes at most.
        place, length, shift = position + 1, 0, 0
        while place < end and data[place] & 0x80 and shift < 21:
            length |= (data[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
        if place >= end or data[place] & 0x80:
            break
        length |= data[place] << shift
        begin = place + 1
        after = begin + length
        if after > end:
            break
        topic_end = begin + 2 + int.from_bytes(data[begin : begin + 2], "big")
        if qos:
            payload_begin = topic_end + 2
            message_id = int.from_bytes(data[topic_end:payload_begin], "big")
        else:
            payload_begin, message_id = topic_end, None
        if length < 2 or payload_begin > after:
            break
        topic, payload = data[begin + 2 : topic_end], data[payload_begin:after]
        taken.append(Publish(topic, payload, message_id, bool(flags & _RETAIN)))
        position = after
    return taken, position
