"""Procedures as they are drafted and published, and evidence that their steps were done."""

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
    Uuid,
    text,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# One person drafts, another publishes: how far that is.
procedure_draft = Table(
    "procedure_draft",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    # Canonical JSON.
    Column("document", Text, nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("drafted_at"),
    # What it was published as.
    Column("version", Integer),
    # Who published or withdrew it.
    Column("decided_by", Text),
    Column("decision_reason", Text),
    Column("decided_at", DateTime(timezone=True)),
)

# Append only and sealed: what cuts cite.
procedure_version = Table(
    "procedure_version",
    metadata,
    Column("jurisdiction", Text, nullable=False),
    Column("customer_class", Text, nullable=False),
    Column("mode", Text, nullable=False),
    # Counted from 1 among those of the three above.
    Column("version", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    # Canonical JSON: the same bytes for the same procedure.
    Column("document", Text, nullable=False),
    Column("draft_id", Uuid, ForeignKey("procedure_draft.id"), nullable=False, unique=True),
    Column("drafted_by", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("published_at"),
    posting_day(),
    PrimaryKeyConstraint("jurisdiction", "customer_class", "mode", "version"),
)

# Append only and sealed. What counts no more is named by a row of its own.
procedure_evidence = Table(
    "procedure_evidence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # A step's, a notice's template or a hindrance's.
    Column("name", Text, nullable=False),
    instant("at"),
    # When it was handed over, where that is told beside when it is known to have arrived.
    instant("said_at", nullable=True),
    # Who says so; of a notice `notifier`.
    Column("by", Text, nullable=False),
    Column("role", Text, nullable=False, server_default=text("''")),
    Column("form", Text, nullable=False, server_default=text("''")),
    Column("reference", Text, nullable=False, server_default=text("''")),
    # The procedure and version it was done by; of a notice none is known yet.
    Column("cited", Text, nullable=False, server_default=text("''")),
    Column("cause_id", Text, nullable=False, server_default=text("''")),
    Column("takes_back", Uuid, ForeignKey("procedure_evidence.id"), unique=True),
    Column("reason", Text, nullable=False, server_default=text("''")),
    instant("recorded_at"),
    posting_day(),
)
# A notice is evidence once, however often it is told.
Index(
    "procedure_evidence_notice",
    procedure_evidence.c.reference,
    unique=True,
    postgresql_where=text("kind = 'notice' AND takes_back IS NULL"),
)
Index("procedure_evidence_account", procedure_evidence.c.account_id, procedure_evidence.c.id)
Index("procedure_evidence_day", procedure_evidence.c.day, procedure_evidence.c.id)
