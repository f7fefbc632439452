"""Debts and their instalments."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

debt = Table(
    "debt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    # What it comes from: the same again is the same debt.
    Column("source", Text, nullable=False, unique=True),
    # The period of the agreement whose bill it is of.
    Column("agreement_id", Uuid, ForeignKey("agreement.id"), nullable=False),
    Column("period_first", Date, nullable=False),
    Column("cause", Text, nullable=False),
    Column("our_fault", Boolean, nullable=False),
    Column("used_until", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("paid_micro", BigInteger, nullable=False),
    # By later corrections of the same origin.
    Column("lowered_micro", BigInteger, nullable=False, server_default=text("0")),
    # By people.
    Column("written_off_micro", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "left_micro",
        BigInteger,
        Computed("amount_micro - paid_micro - lowered_micro - written_off_micro", persisted=True),
        nullable=False,
    ),
    instant("created_at"),
    # Nothing is paid of it before that day.
    Column("paused_until", Date),
    # That part of each top-up pays it; none: instalments do, if there are any.
    Column("topup_share_ppm", Integer),
    Column("planned_by", Text),
    Column("plan_reason", Text),
    instant("planned_at", nullable=True),
    # As it was asked for: the same again changes nothing.
    Column("plan_instalments", Integer),
    Column("plan_first_due", Date),
    # What had been paid by then.
    Column("plan_paid_micro", BigInteger, nullable=False, server_default=text("0")),
    # What instalments took in the last month in which they took anything; its first day.
    Column("taken_month", Date),
    Column("taken_micro", BigInteger, nullable=False, server_default=text("0")),
)
Index("debt_account_id", debt.c.account_id, debt.c.id)
# Few of many accounts owe anything: what is open is found by these alone.
Index(
    "debt_open",
    debt.c.account_id,
    debt.c.agreement_id,
    postgresql_where=debt.c.left_micro > 0,
)
Index("debt_origin", debt.c.agreement_id, debt.c.period_first)

# Beside debts: what corrections of a period gave back to the balance, and what was written off.
corrected_bill = Table(
    "corrected_bill",
    metadata,
    Column("agreement_id", Uuid, ForeignKey("agreement.id"), nullable=False),
    Column("period_first", Date, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("given_micro", BigInteger, nullable=False),
    Column("barred_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("agreement_id", "period_first"),
)

# What customers are still to be told of each kind: never below zero.
debt_news = Table(
    "debt_news",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("news", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    instant("changed_at"),
    instant("told_at", nullable=True),
    PrimaryKeyConstraint("account_id", "news"),
)
Index(
    "debt_news_untold",
    debt_news.c.news,
    debt_news.c.account_id,
    postgresql_where=debt_news.c.amount_micro > 0,
)

# As agreed on last. What was paid since fills them in their order.
debt_instalment = Table(
    "debt_instalment",
    metadata,
    Column("debt_id", Uuid, ForeignKey("debt.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("debt_id", "number"),
)
