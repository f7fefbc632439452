"""Policy versions and their drafts, protected periods, protections of single accounts."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# How far a draft is. What it became is a row of `policy_version`, and a fact.
policy_draft = Table(
    "policy_draft",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    # Canonical JSON.
    Column("document", Text, nullable=False),
    # None: from the moment at which it is published.
    Column("effective_from", DateTime(timezone=True)),
    Column("drafted_by", Text, nullable=False),
    Column("draft_reason", Text, nullable=False),
    instant("drafted_at"),
    # Who published or withdrew it.
    Column("number", Integer),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("decided_at", DateTime(timezone=True)),
)

# Append only and sealed. Its id is its draft's.
policy_version = Table(
    "policy_version",
    metadata,
    Column("id", Uuid, ForeignKey("policy_draft.id"), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    instant("effective_from"),
    Column("drafted_by", Text, nullable=False),
    Column("draft_reason", Text, nullable=False),
    instant("drafted_at"),
    Column("published_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("published_at"),
    posting_day(),
)
Index("policy_version_day", policy_version.c.day, policy_version.c.id)

# As the newest of its facts says.
protected_period = Table(
    "protected_period",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Both none: everywhere.
    Column("area_level", Text),
    Column("area", Text),
    instant("begins_at"),
    instant("ends_at"),
    Column("revision", Integer, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
)
# What holds or will: few of all that ever did.
Index("protected_period_ends_at", protected_period.c.ends_at)

# As the newest of its facts says; the papers stand here alone.
account_protection = Table(
    "account_protection",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("papers", Text, nullable=False),
    instant("begins_at"),
    instant("ends_at"),
    Column("revision", Integer, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
)
Index("account_protection_account_id", account_protection.c.account_id, account_protection.c.id)
