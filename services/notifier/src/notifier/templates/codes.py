"""A notice's code: what its reader types in to learn whether we sent it. 40 random bits, in eight
characters of Crockford's base 32 (https://www.crockford.com/base32.html), where none looks like
another: no I, L, O or U."""

CODE_BYTES = 5
CODE_CHARS = 8
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {digit: value for value, digit in enumerate(_DIGITS)} | {"O": 0, "I": 1, "L": 1}


def text_of_code(code: bytes) -> str:
    """As it stands in a text.

    >>> text_of_code(b"Hello")
    '91JPRV3F'
    """
    assert len(code) == CODE_BYTES, "a code is of five bytes"
    number = int.from_bytes(code, "big")
    return "".join(_DIGITS[number >> shift & 31] for shift in range(35, -1, -5))


def code_of_text(typed: str) -> bytes | None:
    """Of letters in any case, and of those that are easily taken for digits; none where it is no
    code.

    >>> code_of_text("9ijprv3f") == code_of_text("91JPRV3F") == b"Hello"
    True
    """
    values = [_READ.get(char) for char in typed.upper()]
    if len(values) != CODE_CHARS or None in values:
        return None
    number = 0
    for value in values:
        number = number * 32 + (value or 0)
    return number.to_bytes(CODE_BYTES, "big")
