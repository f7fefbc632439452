"""The GSM alphabet: which texts fit in it, and how long they are in it (GSM 03.38)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_SEPTETS = {
    each: bytes([place]) for place, each in enumerate(_BASIC) if place != _ESCAPE
} | {
    each: bytes([_ESCAPE, code])
    for each, code in {
        "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
        "|": 0x40, "€": 0x65,
    }.items()
}  # fmt: skip
"""A byte for each septet. Those of the extension table are two: an escape and a code."""


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has all of it."""
    return all(each in _SEPTETS for each in text)


def gsm_octets(text: str) -> bytes:
    """A byte a septet, unpacked, as an SMS centre takes it.

    >>> gsm_octets("5 €").hex(" ")
    '35 20 1b 65'
    """
    return b"".join(_SEPTETS[each] for each in text)
