"""Relays, commands and what meters answered."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Written under the lock of the account that the meter serves.
relay = Table(
    "relay",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("desired", Text, nullable=False),
    Column("observed", Text, nullable=False),
    instant("observed_at", nullable=True),
    Column("observed_from", Text, nullable=False),
    Column("limit_w", Integer),
    Column("observed_limit_w", Integer),
    # The command that was not answered yet.
    Column("command_id", Uuid),
    Column("action", Text),
    Column("asked_limit_w", Integer),
    instant("issued_at", nullable=True),
    instant("deadline_at", nullable=True),
    instant("sent_at", nullable=True),
    instant("expires_at", nullable=True),
    Column("failures", Integer, nullable=False),
    instant("failed_at", nullable=True),
    Column("refused", Boolean, nullable=False),
    Column("openings", Integer, nullable=False, server_default=text("0")),
    instant("opened_at", nullable=True),
)

# Apart from the relay, and written without any account's lock: a whole fleet may come at once.
meter_presence = Table(
    "meter_presence",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("presence", Text, nullable=False),
    instant("at"),
    # The end of the last absence that was longer than is borne.
    instant("back_at", nullable=True),
)

command = Table(
    "command",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("decision_id", Uuid, ForeignKey("decision.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("limit_w", Integer),
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
