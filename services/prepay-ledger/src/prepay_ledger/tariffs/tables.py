"""Tariff versions, as they were published."""

from sqlalchemy import Column, Date, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

tariff_version = Table(
    "tariff_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    # 0: as it was published. A correction of the code, counted from 1, is a row of its own beside
    # the one that it corrects.
    Column("correction", Integer, nullable=False, server_default=text("0")),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # Canonical JSON: the same bytes for the same version.
    Column("document", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("published_at"),
    posting_day(),
    PrimaryKeyConstraint("code", "valid_from", "correction"),
)
# One correction of a code has one number.
Index(
    "tariff_version_correction",
    tariff_version.c.code,
    tariff_version.c.correction,
    unique=True,
    postgresql_where=tariff_version.c.correction > 0,
)
