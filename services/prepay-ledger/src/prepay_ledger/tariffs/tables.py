"""Tariff versions, as they were published."""

from sqlalchemy import Column, Date, PrimaryKeyConstraint, Table, Text

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

tariff_version = Table(
    "tariff_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # Canonical JSON: the same bytes for the same version.
    Column("document", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("published_at"),
    posting_day(),
    PrimaryKeyConstraint("code", "valid_from"),
)
