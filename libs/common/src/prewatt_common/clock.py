"""The system clock, in one place: domain code is handed an instant and never asks for it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present as a timezone-aware UTC instant."""


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)
