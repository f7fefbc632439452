"""Which counter a meter's next code has, what its digits are, and what master secrets are. Pure."""

import json
from base64 import b64decode
from binascii import Error
from typing import cast

from prepay_ledger.relays.site_code import for_people, meter_secret, site_code
from prepay_ledger.site_codes.values import KeyedCode, Masters

MASTER_BYTES_MIN = 32
FORGOTTEN_MAX = 10
"""So many codes of a meter may have been given out since the backup that a database was restored
from: its next one is past them, and still within what the meter looks ahead (99)."""
OF_ORDER_MAX = 20
"""Codes of one work order. Whoever needs more has another problem; and a meter looks ahead no
further than 99 from the last code that it took, or the last cut."""


def next_counter(last: int | None, *, restores: int) -> int:
    """Above ``last``, the newest counter given out that is known (none: none is). ``restores``: how
    often the database was restored from a backup since.

    >>> next_counter(None, restores=0), next_counter(4, restores=0), next_counter(4, restores=1)
    (0, 5, 15)
    """
    return (0 if last is None else last + 1) + FORGOTTEN_MAX * restores


def codes_of(masters: Masters, *, meter_id: str, counter: int) -> tuple[KeyedCode, ...]:
    """By each master secret. Meters are made with theirs and keep it for life, so while an older
    one is in the field both codes are shown; a meter takes its own and refuses the other."""
    return tuple(
        KeyedCode(key_id, for_people(site_code(meter_secret(master, meter_id), counter)))
        for key_id, master in masters.items()
    )


def masters_of(text: str) -> Masters:
    """From JSON: ``{"key id": "at least 32 bytes in base64", ...}``, the newest first. Raises
    ValueError, without any of the secrets in its words."""
    try:
        found: object = json.loads(text)
    except ValueError:
        message = 'the master secrets are no JSON: {"key id": "base64", ...}'
        raise ValueError(message) from None
    if not isinstance(found, dict):
        message = 'the master secrets are no JSON object: {"key id": "base64", ...}'
        raise ValueError(message)
    given = cast("dict[str, object]", found)
    return {key_id: _secret(key_id, secret) for key_id, secret in given.items()}


def _secret(key_id: str, secret: object) -> bytes:
    try:
        decoded = b64decode(str(secret), validate=True)
    except Error:
        message = f"the master secret {key_id} is no base64"
        raise ValueError(message) from None
    if len(decoded) < MASTER_BYTES_MIN:
        message = f"the master secret {key_id} has less than {MASTER_BYTES_MIN} bytes"
        raise ValueError(message)
    return decoded
