"""The token of a link: 16 symbols of 5 bits, made of the link's id by a secret key. Pure.

The alphabet is Crockford's (`base32`), in lower case. Only the token's hash is kept, so the
database alone gives no link away; and without the key no id does. The hash, not the token, is
looked up: how long that takes says nothing of a token.
"""

import hmac
import unicodedata
from hashlib import sha256
from uuid import UUID

from prewatt_common import base32

SYMBOLS = 16
KEY_BYTES_MIN = 32
_BYTES = SYMBOLS * 5 // 8
_BETWEEN = str.maketrans("", "", "- ")
_DOMAIN = b"prewatt pay link v1\x00"


def token_of(link_id: UUID, *, key: bytes) -> str:
    """Always the same of one link: so it can be told again to who asks again."""
    return _token(hmac.digest(key, _DOMAIN + link_id.bytes, "sha256")[:_BYTES])


def read_token(typed: str) -> str | None:
    """As it is, however it was typed; none for what is no token.

    >>> read_token("0123-4567-89AB-CDEF"), read_token("OI23 4567 89ab cdef"), read_token("no")
    ('0123456789abcdef', '0123456789abcdef', None)
    """
    if len(typed) > 4 * SYMBOLS:
        return None
    text = unicodedata.normalize("NFKC", typed).translate(_BETWEEN)
    if len(text) != SYMBOLS or not text.isascii():
        return None
    meant = base32.bytes_of(text.upper())
    return None if meant is None else _token(meant)


def _token(data: bytes) -> str:
    return base32.text_of(data).lower()


def token_sha256(token: str) -> bytes:
    """What is kept of it. 80 secret bits need no slow hash."""
    return sha256(_DOMAIN + token.encode()).digest()
