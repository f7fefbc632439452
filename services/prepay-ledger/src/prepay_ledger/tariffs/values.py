"""A tariff version and who published it."""

from dataclasses import dataclass
from datetime import datetime

from prewatt_metering.tariffs.document import TariffVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version with whose decision it was, why and when."""

    version: TariffVersion
    published_by: str
    reason: str
    published_at: datetime
