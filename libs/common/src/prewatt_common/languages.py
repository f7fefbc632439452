"""Which language a page is in: of those that we have, the one that a browser's owner wants most."""

from collections.abc import Iterable
from typing import TypeVar

_CHARS_MAX = 500
LanguageT = TypeVar("LanguageT", bound=str)


def wanted_language(accepted: str, ours: Iterable[LanguageT]) -> LanguageT | None:
    """By an ``Accept-Language`` (RFC 9110, 12.5.4): the heaviest of ``ours``, of equals the one
    that is named first; none where it names none of them. Languages are told apart by their first
    part alone: whoever reads zh-TW reads our zh-CN rather than our English.

    >>> wanted_language("de, en;q=0.7, zh-TW;q=0.8", ["en", "zh-CN"])
    'zh-CN'
    >>> wanted_language("en;q=0, fr", ["en", "zh-CN"]) is None
    True
    """
    by_name = {each.partition("-")[0].lower(): each for each in ours}
    best, most = None, 0.0
    for part in accepted[:_CHARS_MAX].split(","):
        name, _, parameters = part.strip().lower().partition(";")
        found, weight = by_name.get(name.partition("-")[0].strip()), _weight(parameters)
        if found is not None and weight > most:
            best, most = found, weight
    return best


def _weight(parameters: str) -> float:
    """From 0, not wanted, to 1; what is no weight counts as not wanted."""
    for each in parameters.split(";"):
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0
