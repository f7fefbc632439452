"""A tariff version and who published it."""

from dataclasses import dataclass
from datetime import datetime

from prewatt_metering.tariffs.document import TariffVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version with whose decision it was, why and when."""

    version: TariffVersion
    correction: int = 0
    """Of the corrections of its code the one that made it; 0: it was published."""
    published_by: str
    reason: str
    published_at: datetime
