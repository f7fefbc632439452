"""Proposals, and what was decided about them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

proposal = Table(
    "proposal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    # What it is about: of one kind one act about it waits at a time.
    Column("subject", Text, nullable=False),
    # The proposer's Idempotency-Key; none where the request has none.
    Column("key", Text),
    # The exact act, as it is carried out.
    Column("parameters", JSONB, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    instant("expires_at"),
    posting_day(),
    UniqueConstraint("kind", "who", "key"),
)
Index("proposal_day", proposal.c.day, proposal.c.id)
Index("proposal_subject", proposal.c.kind, proposal.c.subject, proposal.c.id)

# One at most: whoever writes it has decided.
proposal_outcome = Table(
    "proposal_outcome",
    metadata,
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), primary_key=True),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("proposal_outcome_day", proposal_outcome.c.day, proposal_outcome.c.proposal_id)

# What one person did alone: added up, so that many small acts are no way round a second one.
sole_act = Table(
    "sole_act",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    # What amounts are added up by: an account, a vendor; of a transfer both accounts, else empty.
    Column("about", Text, nullable=False),
    Column("also_about", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("who", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("sole_act_day", sole_act.c.day, sole_act.c.id)
Index("sole_act_who", sole_act.c.who, sole_act.c.at)
