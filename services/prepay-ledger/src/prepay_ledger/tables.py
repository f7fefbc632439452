"""What the tables of all modules share. Each module has its own in its ``tables.py``:
what the code asks for. What values may be (CHECK) and what is never changed stand in the migration
alone."""

from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Column, Date, MetaData, Row, text

metadata = MetaData()


def posting_day() -> Column[date]:
    """The day that a row is posted to. The database gives it, and holds it until the transaction
    ends: see the room `seals`."""
    return Column("day", Date, nullable=False, server_default=text("open_day()"))


AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of a query: its columns by name."""
