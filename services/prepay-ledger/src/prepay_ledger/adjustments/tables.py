"""Adjustments and transfers, as they were done."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

adjustment = Table(
    "adjustment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("may_overdraw", Boolean, nullable=False),
    # Who asked for it; who approved is with the proposal.
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("balance_micro", BigInteger, nullable=False),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), unique=True),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("who", "key"),
)
Index("adjustment_day", adjustment.c.day, adjustment.c.id)
Index("adjustment_account", adjustment.c.account_id, adjustment.c.id)

transfer = Table(
    "transfer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("from_account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("to_account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("may_overdraw", Boolean, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("from_balance_micro", BigInteger, nullable=False),
    Column("to_balance_micro", BigInteger, nullable=False),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), unique=True),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("who", "key"),
)
Index("transfer_day", transfer.c.day, transfer.c.id)
Index("transfer_from", transfer.c.from_account_id, transfer.c.id)
Index("transfer_to", transfer.c.to_account_id, transfer.c.id)
