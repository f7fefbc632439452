"""Command keys, which of them each meter holds, and what each was told last."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# How far a key is; the decisions themselves are facts.
command_key = Table(
    "command_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("public_key", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_reason", Text, nullable=False),
    instant("added_at"),
    Column("rolled_by", Text),
    Column("rolled_reason", Text),
    instant("rolled_at", nullable=True),
    Column("retired_by", Text),
    Column("retired_reason", Text),
    instant("retired_at", nullable=True),
    UniqueConstraint("number"),
)

meter_key = Table(
    "meter_key",
    metadata,
    Column("meter_id", Text, nullable=False),
    Column("key_id", Text, ForeignKey("command_key.key_id"), nullable=False),
    # When the meter first told that it holds it.
    instant("acknowledged_at"),
    PrimaryKeyConstraint("meter_id", "key_id"),
)

key_asked = Table(
    "key_asked",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    instant("asked_at"),
)
