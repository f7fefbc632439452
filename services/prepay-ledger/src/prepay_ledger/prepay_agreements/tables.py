"""What customers have signed about prepayment and cuts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Append only and sealed. A version holds from its begin until the next one's.
prepay_agreement = Table(
    "prepay_agreement",
    metadata,
    # Of an account that exists: a trigger holds it.
    Column("account_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("customer_class", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("warning_micro", BigInteger, nullable=False),
    Column("overdraft_micro", BigInteger, nullable=False),
    Column("cut_micro", BigInteger, nullable=False),
    # Channels: addresses are the notifier's, which can forget them.
    Column("contacts", ARRAY(Text), nullable=False),
    Column("reconnection", Text, nullable=False),
    instant("valid_from"),
    instant("signed_at"),
    Column("signed_by", Text, nullable=False),
    Column("paper_reference", Text, nullable=False),
    Column("paper_sha256", Text, nullable=False),
    # From its begin on nothing is agreed.
    Column("is_ended", Boolean, nullable=False),
    # Who entered it.
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
    PrimaryKeyConstraint("account_id", "version"),
)
Index(
    "prepay_agreement_day",
    prepay_agreement.c.day,
    prepay_agreement.c.account_id,
    prepay_agreement.c.version,
)
