"""Emergency credit: offers, and what became of them. Acceptances are facts, which are sealed."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, Uuid

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

emergency_credit = Table(
    "emergency_credit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("point_micro", BigInteger, nullable=False),
    Column("policy", BigInteger, nullable=False),
    instant("offered_at"),
    Column("state", Text, nullable=False),
    Column("means", Text),
    Column("key", Text),
    Column("accepted_by", Text),
    Column("reason", Text),
    instant("accepted_at", nullable=True),
    instant("over_at", nullable=True),
)
Index("emergency_credit_account", emergency_credit.c.account_id, emergency_credit.c.id)
# One at a time, which every look at the account asks for.
Index(
    "emergency_credit_open",
    emergency_credit.c.account_id,
    unique=True,
    postgresql_where=emergency_credit.c.over_at.is_(None),
)
Index(
    "emergency_credit_key",
    emergency_credit.c.account_id,
    emergency_credit.c.key,
    unique=True,
)
