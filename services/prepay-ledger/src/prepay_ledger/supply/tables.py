"""Decisions about supply."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Under which policy every account was looked at, and how far the next one is.
supply_follow = Table(
    "supply_follow",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("policy", BigInteger, nullable=False),
    Column("upto", Uuid),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("action", Text),
    Column("fired", ARRAY(Text), nullable=False),
    Column("held", ARRAY(Text), nullable=False),
    # Everything `decide` was given, so that it can be run again and must agree.
    Column("inputs", JSONB, nullable=False),
    instant("at"),
    posting_day(),
)
Index("decision_day", decision.c.day, decision.c.id)
Index("decision_account_id", decision.c.account_id, decision.c.id)
