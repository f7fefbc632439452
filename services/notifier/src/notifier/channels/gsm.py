"""The GSM alphabet: which texts fit in it, how long they are in it, and how it is read
(GSM 03.38)."""

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

_CHARACTERS = {septets: each for each, septets in _SEPTETS.items()}


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has all of it."""
    return all(each in _SEPTETS for each in text)


def gsm_octets(text: str) -> bytes:
    """A byte a septet, unpacked, as an SMS centre takes it.

    >>> gsm_octets("5 €").hex(" ")
    '35 20 1b 65'
    """
    return b"".join(_SEPTETS[each] for each in text)


def gsm_text(octets: bytes) -> str:
    """What a byte a septet, unpacked, says. After an escape a code that the extension table does
    not have is read as without it, as phones do.

    >>> gsm_text(bytes.fromhex("35201b65"))
    '5 €'
    """
    found: list[str] = []
    escaped = False
    for octet in octets:
        one = bytes([octet & 0x7F])
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        extended = _CHARACTERS.get(bytes([_ESCAPE]) + one) if escaped else None
        found.append(extended or _CHARACTERS.get(one, " "))
        escaped = False
    return "".join(found)
