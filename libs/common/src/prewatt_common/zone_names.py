"""Names of time zones, as people give them."""

import re
from zoneinfo import ZoneInfo


def wrong_zone(name: str) -> str | None:
    """What is wrong with ``name``, in words; none: the IANA database has it.

    >>> wrong_zone("Asia/Urumqi")
    >>> wrong_zone("Asia/Ürümqi")
    "'Asia/Ürümqi' is no time zone of the IANA database"
    """
    try:
        if not re.fullmatch(r"[A-Za-z0-9_+/-]+", name):
            raise ValueError
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f"{name!r} is no time zone of the IANA database"
    return None
