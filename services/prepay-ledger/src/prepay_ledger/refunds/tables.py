"""Refunds as they stand, to whom they go, and what was done. Payees and steps are append only and
sealed, and so is of a refund what was ordered: nobody changes where money goes."""

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
from sqlalchemy import text as sql

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

refund_payee = Table(
    "refund_payee",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("holder", Text, nullable=False),
    # Empty where it is paid in cash.
    Column("bank_account", Text, nullable=False),
    Column("bank_code", Text, nullable=False),
    posting_day(),
    UniqueConstraint("account_id", "holder", "bank_account", "bank_code"),
)
Index("refund_payee_day", refund_payee.c.day, refund_payee.c.id)

refund = Table(
    "refund",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("payee_id", Uuid, ForeignKey("refund_payee.id"), nullable=False),
    Column("state", Text, nullable=False),
    instant("ordered_at"),
    Column("paid_by", Uuid, ForeignKey("bank_line.id")),
    Column("paid_in_sum", Boolean, nullable=False, server_default=sql("false")),
    Column("returned_by", Uuid, ForeignKey("bank_line.id")),
    Column("returned_in_sum", Boolean, nullable=False, server_default=sql("false")),
    Column("returned_micro", BigInteger, nullable=False, server_default=sql("0")),
    posting_day(),
)
# A line is one refund's, and of one either way, unless the bank tells several in one sum.
for _way in ("paid", "returned"):
    Index(
        f"refund_{_way}_by",
        refund.c[f"{_way}_by"],
        unique=True,
        postgresql_where=sql(f"NOT {_way}_in_sum"),
    )
Index("refund_day", refund.c.day, refund.c.id)
Index("refund_account_id", refund.c.account_id, refund.c.id)
Index(
    "refund_in_transit",
    refund.c.ordered_at,
    postgresql_where=refund.c.state == "in-transit",
)

refund_step = Table(
    "refund_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("refund_id", Uuid, ForeignKey("refund.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    # Empty where it followed from a line of the bank by itself.
    Column("key", Text, nullable=False),
    Column("bank_line", Uuid, ForeignKey("bank_line.id")),
    Column("slip", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("refund_step_day", refund_step.c.day, refund_step.c.id)
Index("refund_step_refund_id", refund_step.c.refund_id, refund_step.c.id)
Index(
    "refund_step_key",
    refund_step.c.who,
    refund_step.c.key,
    unique=True,
    postgresql_where=refund_step.c.key != "",
)
