"""Epochs."""

from sqlalchemy import BigInteger, Column, Table, Text

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

epoch = Table(
    "epoch",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("raised_at"),
)
