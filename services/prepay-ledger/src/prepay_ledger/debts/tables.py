"""Debts and their instalments."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

debt = Table(
    "debt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    # What it comes from: the same again is the same debt.
    Column("source", Text, nullable=False, unique=True),
    Column("cause", Text, nullable=False),
    Column("our_fault", Boolean, nullable=False),
    Column("used_until", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("paid_micro", BigInteger, nullable=False),
    instant("created_at"),
    Column("planned_by", Text),
    Column("plan_reason", Text),
    instant("planned_at", nullable=True),
)
Index("debt_account_id", debt.c.account_id, debt.c.id)

# As agreed on last. What was paid fills them in their order.
debt_instalment = Table(
    "debt_instalment",
    metadata,
    Column("debt_id", Uuid, ForeignKey("debt.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("debt_id", "number"),
)
