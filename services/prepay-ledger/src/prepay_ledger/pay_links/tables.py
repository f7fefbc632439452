"""Pay links, and payments begun by them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

pay_link = Table(
    "pay_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("key_id", Text, nullable=False),
    instant("valid_until"),
    Column("most_micro", BigInteger),
    Column("for_whom", Text, nullable=False),
    Column("shows_needed", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    instant("made_at"),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text, nullable=False),
    Column("revoked_reason", Text, nullable=False),
    UniqueConstraint("made_by", "idempotency_key"),
)
Index("pay_link_account", pay_link.c.account_id, pay_link.c.id)

# A payment begun by a link. Its id is the request that the payment names.
link_payment = Table(
    "link_payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("link_id", Uuid, ForeignKey("pay_link.id"), nullable=False),
    Column("nonce", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("page_url", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("paid_micro", BigInteger),
    instant("begun_at"),
    Column("closed_at", DateTime(timezone=True)),
    UniqueConstraint("link_id", "nonce"),
)
Index("link_payment_link", link_payment.c.link_id, link_payment.c.id)
Index("link_payment_begun", link_payment.c.link_id, link_payment.c.begun_at)
