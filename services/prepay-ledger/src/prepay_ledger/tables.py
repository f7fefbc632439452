"""What the tables of all modules share. Each module has its own in its ``tables.py``."""

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Column, DateTime, MetaData, Row

metadata = MetaData()

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of a query: its columns by name."""


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A column with a point in time."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
