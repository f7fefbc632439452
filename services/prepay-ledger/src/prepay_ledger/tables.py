"""What the tables of all modules share. Each module has its own in its ``tables.py``."""

from typing import Any, TypeAlias

from sqlalchemy import MetaData, Row

metadata = MetaData()

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of a query: its columns by name."""
