"""Points of sale, their sales, and the money that they paid in."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

vendor = Table(
    "vendor",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("day_limit_micro", BigInteger, nullable=False),
    Column("credit_limit_micro", BigInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    # Its ledger account's sum, and what it sold on one business day, kept under the row's lock.
    Column("balance_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("sold_on", Date),
    Column("sold_micro", BigInteger, nullable=False, server_default=text("0")),
    instant("opened_at"),
)

# A person sells for one vendor at a time.
vendor_seller = Table(
    "vendor_seller",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
)

vendor_step = Table(
    "vendor_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("decided", JSONB, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("vendor_step_day", vendor_step.c.day, vendor_step.c.id)
Index("vendor_step_vendor", vendor_step.c.vendor_id, vendor_step.c.id)

vendor_funding = Table(
    "vendor_funding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("means", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
    Unique("vendor_id", "key"),
)
Index("vendor_funding_day", vendor_funding.c.day, vendor_funding.c.id)
Index("vendor_funding_vendor", vendor_funding.c.vendor_id, vendor_funding.c.id)
# Of a slip one funding stands: looked for under the lock of the vendor's row.
Index(
    "vendor_funding_slip",
    vendor_funding.c.vendor_id,
    vendor_funding.c.means,
    vendor_funding.c.reference,
)

vendor_funding_reversal = Table(
    "vendor_funding_reversal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("funding_id", Uuid, ForeignKey("vendor_funding.id"), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("vendor_funding_reversal_day", vendor_funding_reversal.c.day, vendor_funding_reversal.c.id)

vend = Table(
    "vend",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("account_number", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("tender", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("sold_by", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    # How the account stood before and after it: its receipt says the same for ever.
    Column("balance_before_micro", BigInteger, nullable=False),
    Column("balance_micro", BigInteger, nullable=False),
    Column("owed_micro", BigInteger, nullable=False),
    Column("paid_off", JSONB, nullable=False),
    Column("credit_micro", BigInteger, nullable=False),
    Column("supply_state", Text, nullable=False),
    instant("at"),
    posting_day(),
    Unique("vendor_id", "key"),
    # A seller who was moved to another vendor does not sell the same there again.
    Unique("sold_by", "key"),
)
Index("vend_day", vend.c.day, vend.c.id)
# Lists, the newest first: of a vendor and a business day, of either alone.
Index("vend_vendor_business_day", vend.c.vendor_id, vend.c.business_day, vend.c.id)
Index("vend_vendor", vend.c.vendor_id, vend.c.id)
Index("vend_business_day", vend.c.business_day, vend.c.id)

vend_void = Table(
    "vend_void",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vend_id", Uuid, ForeignKey("vend.id"), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("balance_micro", BigInteger, nullable=False),
    Column("business_day", Date, nullable=False),
    instant("at"),
    posting_day(),
    Unique("who", "key"),
)
Index("vend_void_day", vend_void.c.day, vend_void.c.id)

# Sales that were reversed before they came.
vend_bar = Table(
    "vend_bar",
    metadata,
    Column("vendor_id", Uuid, ForeignKey("vendor.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("vend_bar_day", vend_bar.c.day, vend_bar.c.vendor_id, vend_bar.c.key)
Index("vend_bar_who", vend_bar.c.who, vend_bar.c.key)

# Names by which a person at a till knows the account. Not sealed: a name can be forgotten.
account_holder = Table(
    "account_holder",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("told_by", Text, nullable=False),
    instant("told_at"),
)
