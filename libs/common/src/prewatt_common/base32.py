"""Crockford's base 32 (crockford.com/base32.html): secrets that people type in. No character looks
like another: there is no I, L, O or U, and of what is typed O is 0, and I and L are 1."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_GROUP_BYTES = 5
_GROUP_SYMBOLS = 8


def text_of(data: bytes) -> str:
    """Eight capital letters and digits for each five bytes; there are no other lengths.

    >>> text_of(b"Hello")
    '91JPRV3F'
    """
    assert len(data) % _GROUP_BYTES == 0, "it is of whole groups of five bytes"
    number = int.from_bytes(data, "big")
    count = len(data) // _GROUP_BYTES * _GROUP_SYMBOLS
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


def bytes_of(text: str) -> bytes | None:
    """Of capital letters, those included that are easily taken for digits; none for what is no
    such text.

    >>> bytes_of("9IJPRV3F"), bytes_of("9IJPRV3"), bytes_of("9IJPRV3U")
    (b'Hello', None, None)
    """
    number = 0
    for symbol in text:
        value = _READ.get(symbol)
        if value is None:
            return None
        number = number << 5 | value
    groups, rest = divmod(len(text), _GROUP_SYMBOLS)
    return None if rest else number.to_bytes(groups * _GROUP_BYTES, "big")
