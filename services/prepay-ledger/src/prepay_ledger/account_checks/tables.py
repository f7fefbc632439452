"""Days of points of sale as compared with ours."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import UniqueConstraint as Unique

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

account_check = Table(
    "account_check",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("business_day", Date, nullable=False),
    Column("their_lines", Integer, nullable=False),
    Column("their_micro", BigInteger, nullable=False),
    Column("our_lines", Integer, nullable=False),
    Column("our_micro", BigInteger, nullable=False),
    Column("matched_lines", Integer, nullable=False),
    Column("open_lines", Integer, nullable=False),
    Column("posted_by", Text, nullable=False),
    instant("posted_at"),
    Unique("vendor_id", "business_day"),
)
Index("account_check_vendor", account_check.c.vendor_id, account_check.c.id)

account_check_posting = Table(
    "account_check_posting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("check_id", Uuid, ForeignKey("account_check.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("who", Text, nullable=False),
    instant("at"),
    posting_day(),
    Unique("check_id", "key"),
)
Index("account_check_posting_day", account_check_posting.c.day, account_check_posting.c.id)

# Those that nobody resolved go when the day is told again.
account_check_line = Table(
    "account_check_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("check_id", Uuid, ForeignKey("account_check.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("difference", Text, nullable=False),
    Column("vend_id", Uuid, ForeignKey("vend.id")),
    Column("their_account", Text),
    Column("their_micro", BigInteger),
    Column("our_account", Text),
    Column("our_micro", BigInteger),
)
Index("account_check_line_check", account_check_line.c.check_id, account_check_line.c.id)

account_check_resolution = Table(
    "account_check_resolution",
    metadata,
    Column("line_id", Uuid, ForeignKey("account_check_line.id"), primary_key=True),
    Column("key", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index(
    "account_check_resolution_day",
    account_check_resolution.c.day,
    account_check_resolution.c.line_id,
)
