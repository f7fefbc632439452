"""A notice's code: what its reader types in to learn whether we sent it. 40 random bits, in eight
characters (`base32`)."""

from prewatt_common import base32

CODE_BYTES = 5
CODE_CHARS = 8


def text_of_code(code: bytes) -> str:
    """As it stands in a text.

    >>> text_of_code(b"Hello")
    '91JPRV3F'
    """
    assert len(code) == CODE_BYTES, "a code is of five bytes"
    return base32.text_of(code)


def code_of_text(typed: str) -> bytes | None:
    """Of letters in any case, and of those that are easily taken for digits; none where it is no
    code.

    >>> code_of_text("9ijprv3f") == code_of_text("91JPRV3F") == b"Hello"
    True
    """
    text = typed.upper()
    return base32.bytes_of(text) if len(text) == CODE_CHARS else None
