"""The few MQTT 3.1.1 packets that the batch publisher sends and reads."""

import struct

DISCONNECT = b"\xe0\x00"
_DUP = 0x08
_PUBACK_TYPE = 0x40
_PUBACK = struct.Struct(">BBH")
_REFUSED = {
    1: "protocol version not accepted",
    2: "client id rejected",
    3: "broker unavailable",
    4: "bad user name or password",
    5: "not authorised",
}


def text(value: str) -> bytes:
    """A length-prefixed string."""
    encoded = value.encode()
    return len(encoded).to_bytes(2) + encoded


def length(size: int) -> bytes:
    """A remaining length, seven bits a byte."""
    encoded = bytearray()
    while size > 0x7F:
        encoded.append(size & 0x7F | 0x80)
        size >>= 7
    encoded.append(size)
    return bytes(encoded)


_LENGTHS = [length(size) for size in range(1024)]
PACKET_IDS = [number.to_bytes(2) for number in range(65_536)]
"""Rendered once; 0 is not a packet id."""


def connect(*, client_id: str, username: str | None, password: str | None) -> bytes:
    """CONNECT with a clean session and no keep-alive: what is unacknowledged is kept here."""
    flags, payload = 0x02, text(client_id)
    if username is not None:
        flags, payload = flags | 0x80, payload + text(username)
        if password is not None:
            flags, payload = flags | 0x40, payload + text(password)
    body = b"\x00\x04MQTT\x04" + bytes((flags, 0, 0)) + payload
    return b"\x10" + length(len(body)) + body


def publish(*, topic: bytes, packet_id: int, payload: bytes, retain: bool = False) -> bytes:
    """PUBLISH, QoS 1. ``topic`` is length-prefixed already."""
    size = len(topic) + 2 + len(payload)
    return b"".join(
        (
            b"\x33" if retain else b"\x32",
            _LENGTHS[size] if size < len(_LENGTHS) else length(size),
            topic,
            PACKET_IDS[packet_id],
            payload,
        )
    )


def duplicate(packet: bytes) -> bytes:
    """The same PUBLISH, marked as sent before."""
    return bytes((packet[0] | _DUP,)) + packet[1:]


def refusal(connack: bytes) -> str | None:
    """Why a CONNACK refuses the connection, None if it accepts it."""
    code = connack[3]
    return None if code == 0 else _REFUSED.get(code, f"return code {code}")


def acknowledged(data: bytes) -> list[int]:
    """Packet ids of whole PUBACKs. Raises ``ValueError`` on any other packet.

    A client without subscription and keep-alive is sent nothing else.
    """
    ids: list[int] = []
    for kind, size, packet_id in _PUBACK.iter_unpack(data):
        if kind != _PUBACK_TYPE or size != 2:
            message = f"the broker sent packet type {kind:#x} where only PUBACK can come"
            raise ValueError(message)
        ids.append(packet_id)
    return ids
