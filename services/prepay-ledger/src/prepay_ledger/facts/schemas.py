"""Who decided something, as it is shown."""

from datetime import datetime

from pydantic import BaseModel


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime
