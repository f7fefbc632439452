"""Rows of days that have left."""

import asyncpg

from prepay_ledger.retention.values import Chunk, Export, LeftDay


def to_left_day(row: asyncpg.Record) -> LeftDay:
    """A day from its row."""
    return LeftDay(
        day=row["day"],
        folder=row["folder"],
        export=Export(
            rows=row["rows"],
            root=row["root"],
            chunks=[
                Chunk(*chunk)
                for chunk in zip(row["first_meters"], row["begins"], row["roots"], strict=True)
            ],
            sha256=row["sha256"],
            size=row["size"],
        ),
    )
