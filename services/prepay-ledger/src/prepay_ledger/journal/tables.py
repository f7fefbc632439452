"""Journals, their entries and postings."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("currency", Text, nullable=False),
    # What its entries must come to: a journal says what no single entry can.
    Column("entries", Integer, nullable=False),
    Column("entries_micro", BigInteger, nullable=False),
    Column("postings", Integer, nullable=False),
    instant("posted_at"),
    posting_day(),
)
Index("journal_day", journal.c.day, journal.c.id)


entry = Table(
    "entry",
    metadata,
    # Of a journal and an account that exist: a trigger holds it.
    Column("journal_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("agreement_id", Uuid),
    Column("period_first", Date),
    Column("amount_micro", BigInteger, nullable=False),
    Column("energy_wh", BigInteger),
    Column("sub_account", Text, nullable=False, server_default=text("'credit'")),
    PrimaryKeyConstraint("journal_id", "number"),
)
Index("entry_account_id", entry.c.account_id, entry.c.journal_id)
# What debts were paid is looked up at each top-up; an account has an entry of charges a day.
Index(
    "entry_debt",
    entry.c.account_id,
    entry.c.journal_id,
    postgresql_where=entry.c.sub_account == "debt",
)


# Of accounts that have any: their balance, the sub-account of every reading, is in their own row.
sub_balance = Table(
    "sub_balance",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("sub_account", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "sub_account"),
)


posting = Table(
    "posting",
    metadata,
    Column("journal_id", BigInteger, ForeignKey("journal.id"), nullable=False),
    Column("ledger_account", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("journal_id", "ledger_account"),
)
