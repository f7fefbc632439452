"""What people decided, one row a decision."""

from sqlalchemy import Column, Index, Table, Text, Uuid

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Append only and sealed: whatever stands of an agreement, an installation or a meter was made by
# these.
fact = Table(
    "fact",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The event's type, and what it is about: an agreement, an installation, a meter, an edit.
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # The event as it was published, JSON.
    Column("body", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("fact_day", fact.c.day, fact.c.id)
Index("fact_subject", fact.c.subject, fact.c.id)
