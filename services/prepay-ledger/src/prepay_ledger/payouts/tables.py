"""Payouts of providers, and what people did about them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

payout = Table(
    "payout",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("reference", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # Of those alike in all of these, which.
    Column("nth", Integer, nullable=False),
    # The file of its day that holds has it.
    Column("stands", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    instant("found_at"),
    Column("found_by", Text, nullable=False),
    Column("bank_line", Uuid, ForeignKey("bank_line.id"), unique=True),
    Column("match_id", Uuid),
    Column("difference_micro", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("provider", "business_day", "reference", "amount_micro", "currency", "nth"),
)
_payout = payout.c
Index(
    "payout_expected",
    _payout.currency,
    _payout.business_day,
    postgresql_where=_payout.state == "expected",
)

payout_step = Table(
    "payout_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payout_id", Uuid, ForeignKey("payout.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("action", Text, nullable=False),
    Column("bank_line", Uuid, ForeignKey("bank_line.id")),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_before", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("payout_step_day", payout_step.c.day, payout_step.c.id)
Index("payout_step_payout", payout_step.c.payout_id, payout_step.c.id)
Index("payout_step_line", payout_step.c.bank_line)
