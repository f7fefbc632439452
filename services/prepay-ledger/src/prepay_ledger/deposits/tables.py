"""Deposits as they stand, and what was done with them. Steps are append only and sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

deposit = Table(
    "deposit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("drawn_micro", BigInteger, nullable=False, server_default=text("0")),
    # Of what was drawn: what the issuer has paid.
    Column("received_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("released_micro", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "left_micro",
        BigInteger,
        Computed("amount_micro - drawn_micro - released_micro", persisted=True),
        nullable=False,
    ),
)
Index("deposit_account_id", deposit.c.account_id, deposit.c.id)
# A paper is held once, and never again by another row.
Index(
    "deposit_paper",
    deposit.c.issuer,
    deposit.c.reference,
    unique=True,
    postgresql_where=deposit.c.kind == "guarantee",
)

deposit_step = Table(
    "deposit_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("deposit_id", Uuid, ForeignKey("deposit.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    # Where cash came from or went; empty where none did.
    Column("place", Text, nullable=False),
    Column("debt_id", Uuid),
    Column("key", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger),
    instant("at"),
    posting_day(),
    UniqueConstraint("who", "key"),
)
Index("deposit_step_day", deposit_step.c.day, deposit_step.c.id)
Index(
    "deposit_paper_reference",
    func.lower(deposit.c.reference),
    postgresql_where=deposit.c.kind == "guarantee",
)

# As which line of the bank the money of a step came or went; append only and sealed.
deposit_line = Table(
    "deposit_line",
    metadata,
    Column("step_id", Uuid, ForeignKey("deposit_step.id"), primary_key=True),
    Column("bank_line", Uuid, ForeignKey("bank_line.id"), nullable=False, unique=True),
    Column("journal_id", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("deposit_line_day", deposit_line.c.day, deposit_line.c.step_id)
Index("deposit_step_deposit_id", deposit_step.c.deposit_id, deposit_step.c.id)
