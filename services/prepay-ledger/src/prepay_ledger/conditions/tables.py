"""What is told of accounts and of the utility, and how it ends. Append only and sealed."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

condition = Table(
    "condition",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id")),
    Column("reference", Text, nullable=False),
    Column("holds_until", DateTime(timezone=True)),
    Column("begun_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("condition_day", condition.c.day, condition.c.id)
# The same told twice is one; and what stands of an account is found by them.
Index(
    "condition_of_account",
    condition.c.account_id,
    condition.c.kind,
    condition.c.reference,
    unique=True,
    postgresql_where=condition.c.account_id.is_not(None),
)
Index(
    "condition_of_utility",
    condition.c.kind,
    condition.c.reference,
    unique=True,
    postgresql_where=condition.c.account_id.is_(None),
)

condition_end = Table(
    "condition_end",
    metadata,
    Column("condition_id", Uuid, ForeignKey("condition.id"), primary_key=True),
    Column("ended_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("condition_end_day", condition_end.c.day, condition_end.c.condition_id)
