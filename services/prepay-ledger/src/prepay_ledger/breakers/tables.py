"""What holds cuts, how many were admitted within a minute, and cuts that are undone."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

# One row. Whoever admits cuts, or changes what holds them, has it locked; `changed` is another
# with each change of what holds cuts, so that what a process remembers is proven by one read.
cut_gate = Table(
    "cut_gate",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("changed", Uuid, nullable=False),
)

# Of which change the accounts that it may concern are being looked at again, and how far.
cut_follow = Table(
    "cut_follow",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("changed", Uuid, nullable=False),
    Column("upto", Uuid),
    Column("is_done", Boolean, nullable=False),
)

cut_count = Table(
    "cut_count",
    metadata,
    Column("minute", DateTime(timezone=True), nullable=False),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("admitted", Integer, nullable=False),
    Column("paced", Integer, nullable=False),
    PrimaryKeyConstraint("minute", "scope", "name"),
)

# Accounts that were told to wait, and until when they do not come anew.
cut_wait = Table(
    "cut_wait",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("good_until", DateTime(timezone=True), nullable=False),
)

# Append only and sealed, as is how they end. What tripped: none where a person holds.
cut_hold = Table(
    "cut_hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("held_until", DateTime(timezone=True)),
    Column("tripped_scope", Text),
    Column("tripped_name", Text),
    Column("wanted", BigInteger),
    Column("trip_per_min", BigInteger),
    Column("held_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("cut_hold_day", cut_hold.c.day, cut_hold.c.id)

cut_hold_end = Table(
    "cut_hold_end",
    metadata,
    Column("hold_id", Uuid, ForeignKey("cut_hold.id"), primary_key=True),
    Column("ended_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("cut_hold_end_day", cut_hold_end.c.day, cut_hold_end.c.hold_id)

# How far it is; its release and its end are facts.
cut_undo = Table(
    "cut_undo",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    instant("since"),
    Column("cut_until", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("dark", Integer, nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("drafted_at"),
    Column("released_by", Text),
    Column("release_reason", Text),
    Column("released_at", DateTime(timezone=True)),
    Column("withdrawn_by", Text),
    Column("withdrawal_reason", Text),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("end_reason", Text),
    Column("ended_at", DateTime(timezone=True)),
    Column("upto", Uuid),
)
Index(
    "cut_undo_standing",
    cut_undo.c.id,
    postgresql_where=cut_undo.c.state.in_(["released", "done", "ending"]),
)

cut_undo_account = Table(
    "cut_undo_account",
    metadata,
    Column("undo_id", Uuid, ForeignKey("cut_undo.id"), nullable=False),
    Column("account_id", Uuid, nullable=False),
    instant("cut_at"),
    Column("was_dark", Boolean, nullable=False),
    PrimaryKeyConstraint("undo_id", "account_id"),
)
Index("cut_undo_account_account", cut_undo_account.c.account_id)
