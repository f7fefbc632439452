"""Lists of a day's cuts, and how far their lines are."""

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# How far a list is; that it was approved or stopped is a fact.
cut_list = Table(
    "cut_list",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("cited", Text, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("accounts_sha256", Text, nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("drafted_at"),
    Column("approved_by", Text),
    Column("approval_reason", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("stopped_by", Text),
    Column("stop_reason", Text),
    Column("stopped_at", DateTime(timezone=True)),
)

cut_list_line = Table(
    "cut_list_line",
    metadata,
    Column("list_id", Uuid, ForeignKey("cut_list.id"), nullable=False),
    # From 1, in the order in which they are cut.
    Column("number", Integer, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("state", Text, nullable=False),
    # When it was done, or failed.
    Column("at", DateTime(timezone=True)),
    PrimaryKeyConstraint("list_id", "number"),
    UniqueConstraint("list_id", "account_id"),
)
Index("cut_list_line_account", cut_list_line.c.account_id, cut_list_line.c.list_id)
