"""A code of 16 digits that closes a relay once, typed in at a meter that nobody reaches.

A code is made like an HOTP value (RFC 4226): a MAC over a counter that meter and utility both keep,
truncated to digits. It needs no network, no clock and no public-key arithmetic in the meter, and an
Ed25519 signature would be 155 digits. Other than in RFC 4226 the hash is SHA-256, and eight bytes
are cut out instead of four, whose 31 bits are 9 digits. Two digits of the counter go along in
clear: the meter need not try one counter after another, and up to 99 codes may be left unused.

    secret of a meter = HMAC-SHA-256(master secret, "prewatt site code 1" NUL meter id)
    mac               = HMAC-SHA-256(secret, "reconnect" NUL counter), the counter in 8 bytes
    number            = 8 bytes of mac from the offset (last byte & 15) on, without their first bit
    code              = counter mod 100 in 2 digits, number mod 10^14 in 14 digits

Numbers are big-endian. A meter takes a code for the lowest counter from its own on that ends in
these two digits, closes its relay, and moves its own counter past it: no code is taken twice, and
none that is older than one that was taken. A cut says which counters are over
(`CommandClaims.codes_from`), so that a code that was left unused does not undo a later cut. Whoever
tries a code every five seconds for ten years guesses one with a chance below one in a million.
"""

from hashlib import sha256
from hmac import digest

DIGITS = 16
AHEAD_MAX = 99
"""So many codes may be issued and not used, and the next is still taken."""

_COUNTER_DIGITS = 2
_NUMBER_DIGITS = DIGITS - _COUNTER_DIGITS


def meter_secret(master: bytes, meter_id: str) -> bytes:
    """What a meter is given when it is made: 32 bytes. The utility keeps the master secret only."""
    return digest(master, b"prewatt site code 1\0" + meter_id.encode(), sha256)


def site_code(secret: bytes, counter: int) -> str:
    """The code of a meter (by its secret) for a counter from 0 on: 16 digits."""
    if not 0 <= counter < 2**63:
        message = f"{counter} is no counter"
        raise ValueError(message)
    mac = digest(secret, b"reconnect\0" + counter.to_bytes(8), sha256)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 8]) & (2**63 - 1)
    return f"{counter % 10**_COUNTER_DIGITS:02d}{number % 10**_NUMBER_DIGITS:014d}"


def for_people(code: str) -> str:
    """In groups of four digits, as it is read out and typed in."""
    return " ".join(code[at : at + 4] for at in range(0, DIGITS, 4))
