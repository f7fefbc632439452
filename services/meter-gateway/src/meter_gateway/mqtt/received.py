"""A message from the broker, as the use cases see it."""

from datetime import datetime
from typing import NamedTuple


class Received(NamedTuple):
    """Topic, bytes, when it came, and whether the broker had kept it as retained."""

    topic: str
    payload: bytes
    at: datetime
    retained: bool = False
