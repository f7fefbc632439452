"""Decisions and commands."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
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


command = Table(
    "command",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("decision_id", Uuid, ForeignKey("decision.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_rank", SmallInteger, nullable=False),
    Column("relay", Text),
    Column("detail", Text, nullable=False, server_default=text("''")),
    instant("caused_at"),
    instant("issued_at"),
    instant("expires_at"),
    instant("finished_at", nullable=True),
    posting_day(),
    UniqueConstraint("meter_id", "sequence"),
)
Index("command_day", command.c.day, command.c.id)
Index("command_decision_id", command.c.decision_id)
Index("command_account_id", command.c.account_id, command.c.id)


command_answer = Table(
    "command_answer",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("command_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("relay", Text),
    Column("detail", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("command_answer_day", command_answer.c.day, command_answer.c.id)
