"""Cashiers' days, their counts, and cash that was handed over."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy import UniqueConstraint as Unique

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Kept with every sale under the lock of the desk's row; what is sealed are sales, counts and
# hand-overs.
cash_day = Table(
    "cash_day",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("seller", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("expected_micro", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("hand_over_id", Uuid, ForeignKey("cash_hand_over.id")),
    Unique("vendor_id", "seller", "business_day"),
)
# A seller's days that nobody counted, and those whose cash is in hand.
Index(
    "cash_day_seller",
    cash_day.c.seller,
    cash_day.c.business_day,
    postgresql_where=text("state <> 'handed_over'"),
)
Index("cash_day_vendor", cash_day.c.vendor_id, cash_day.c.id)

cash_count = Table(
    "cash_count",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("cash_day_id", Uuid, ForeignKey("cash_day.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("expected_micro", BigInteger, nullable=False),
    Column("counted_micro", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
    Unique("who", "key"),
)
Index("cash_count_day", cash_count.c.day, cash_count.c.id)
Index("cash_count_cash_day", cash_count.c.cash_day_id, cash_count.c.id)

cash_count_outcome = Table(
    "cash_count_outcome",
    metadata,
    Column("count_id", Uuid, ForeignKey("cash_count.id"), primary_key=True),
    Column("action", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger),
    instant("at"),
    posting_day(),
)
Index("cash_count_outcome_day", cash_count_outcome.c.day, cash_count_outcome.c.count_id)

cash_hand_over = Table(
    "cash_hand_over",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("seller", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("destination", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("slip", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
    Unique("who", "key"),
    Unique("vendor_id", "destination", "slip"),
)
Index("cash_hand_over_day", cash_hand_over.c.day, cash_hand_over.c.id)

cash_receipt = Table(
    "cash_receipt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("hand_over_id", Uuid, ForeignKey("cash_hand_over.id"), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("received_micro", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("cash_receipt_day", cash_receipt.c.day, cash_receipt.c.id)
