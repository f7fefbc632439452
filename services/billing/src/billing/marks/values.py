"""Things that move."""

from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """What sort of thing has moved: by which way its agreements are found."""

    METER = "meter"
    ACCOUNT = "account"
    AGREEMENT = "agreement"
    TARIFF = "tariff"


class Moved(NamedTuple):
    """A thing has moved; ``name`` is its id or code, as text."""

    what: What
    name: str
