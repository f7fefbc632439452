"""A message from the broker, as the use cases see it."""

from datetime import datetime
from typing import NamedTuple


class Received(NamedTuple):
    """Topic, bytes, and when it came."""

    topic: str
    payload: bytes
    at: datetime
