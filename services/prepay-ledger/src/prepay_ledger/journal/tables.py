"""Journals, their entries and postings."""

from sqlalchemy import BigInteger, Column, Identity, Index, PrimaryKeyConstraint, Table, Text, Uuid

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    instant("posted_at"),
)


entry = Table(
    "entry",
    metadata,
    Column("journal_id", BigInteger, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("binding_id", Uuid),
    Column("month", Text),
    Column("amount_micro", BigInteger, nullable=False),
)
Index("entry_account_id", entry.c.account_id, entry.c.journal_id)


posting = Table(
    "posting",
    metadata,
    Column("journal_id", BigInteger, nullable=False),
    Column("ledger_account", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("journal_id", "ledger_account"),
)
