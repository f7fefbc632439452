"""Refunds as they stand, to whom they go, how providers are asked, and what was done. Payees and
steps are append only and sealed, and so is of a refund what was ordered: nobody changes where money
goes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
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
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
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
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("payee_id", Uuid, ForeignKey("refund_payee.id"), nullable=False),
    # What it goes back to, where it goes through a provider.
    Column("payment", Uuid, ForeignKey("payment.id")),
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

# How its provider is asked, and how far it is.
refund_back = Table(
    "refund_back",
    metadata,
    Column("refund_id", Uuid, ForeignKey("refund.id"), primary_key=True),
    Column("payment", Uuid, ForeignKey("payment.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    # The provider's own id of the refund; empty until it has told one.
    Column("movement_id", Text, nullable=False),
    Column("sends", Integer, nullable=False),
    instant("send_at", nullable=True),
    instant("answer_by", nullable=True),
    # What it gave back where that is another amount than was asked for.
    Column("other_micro", BigInteger),
)
_OPEN = refund_back.c.state.in_(
    [
        "requested",
        "sending",
        "accepted",
        "unanswered",
        "other-amount",
    ]
)
Index("refund_back_one_open", refund_back.c.payment, unique=True, postgresql_where=_OPEN)
Index("refund_back_payment", refund_back.c.payment, refund_back.c.refund_id)
Index(
    "refund_back_send_at",
    refund_back.c.provider,
    refund_back.c.send_at,
    postgresql_where=refund_back.c.send_at.is_not(None),
)
Index(
    "refund_back_answer_by",
    refund_back.c.answer_by,
    postgresql_where=refund_back.c.answer_by.is_not(None),
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
