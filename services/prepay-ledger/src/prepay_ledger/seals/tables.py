"""The posting day and the seals of those that were left."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from prepay_ledger.tables import metadata

posting_day = Table(
    "posting_day",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("day", Date, nullable=False),
    Column("unsealed", Date),
    Column("turned_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

seal = Table(
    "seal",
    metadata,
    Column("day", Date, primary_key=True),
    Column("previous", LargeBinary, nullable=False, unique=True),
    Column("head", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
)

# What all sealed days together moved, by ledger account; customers are one of them here. So nobody
# has to add up all history to know the sums of now.
sealed_sum = Table(
    "sealed_sum",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("ledger_account", Text, primary_key=True),
    Column("amount_micro", BigInteger, nullable=False),
)

seal_leaves = Table(
    "seal_leaves",
    metadata,
    Column("day", Date, ForeignKey("seal.day"), nullable=False),
    Column("sealed_table", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("prefixes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("day", "sealed_table", "number"),
)
