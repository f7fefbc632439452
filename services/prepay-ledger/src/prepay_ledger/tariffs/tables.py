"""Tariff versions."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

tariff_version = Table(
    "tariff_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("effective_from", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("blocks", JSONB, nullable=False),
    Column("standing_micro_per_day", BigInteger, nullable=False),
    Column("tax_bp", Integer, nullable=False),
    instant("published_at"),
    posting_day(),
    PrimaryKeyConstraint("code", "effective_from"),
)
