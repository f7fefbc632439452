"""Statements as they were issued, append only and sealed; when the next ones are due; and the
number of the last one."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

statement = Table(
    "statement",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("agreement_id", Uuid, nullable=False),
    Column("period_first", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("energy_wh", BigInteger, nullable=False),
    # {ledger account: micro-units}
    Column("charged", JSONB, nullable=False),
    Column("brought_micro", BigInteger, nullable=False),
    Column("charged_micro", BigInteger, nullable=False),
    Column("corrected_micro", BigInteger, nullable=False),
    Column("paid_micro", BigInteger, nullable=False),
    Column("given_micro", BigInteger, nullable=False),
    Column("late_micro", BigInteger, nullable=False),
    Column("owed_micro", BigInteger, nullable=False),
    # By which the next one tells what came since.
    Column("posted_total_micro", BigInteger, nullable=False),
    Column("paid_total_micro", BigInteger, nullable=False),
    Column("late_total_micro", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    instant("issued_at"),
    posting_day(),
    UniqueConstraint("agreement_id", "period_first"),
)
Index("statement_day", statement.c.day, statement.c.id)
Index("statement_account_id", statement.c.account_id, statement.c.id)

# Post-paid accounts, and when their next statement may be due: the job reads what is, by the index.
statement_due = Table(
    "statement_due",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), primary_key=True),
    Column("look_on", Date, nullable=False),
)
Index("statement_due_look_on", statement_due.c.look_on, statement_due.c.account_id)

# Not a sequence of the database: that leaves numbers out where a transaction is undone.
statement_number = Table(
    "statement_number",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("last", BigInteger, nullable=False),
)
