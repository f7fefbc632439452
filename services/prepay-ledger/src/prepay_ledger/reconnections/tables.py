"""Reconnections, each a row in place."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

reconnection = Table(
    "reconnection",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("cause", Text, nullable=False),
    # When the money was accepted, or whatever else it is for came.
    instant("caused_at"),
    instant("issued_at"),
    # When the relay was read back open, as far as that is known.
    instant("opened_at", nullable=True),
    Column("lifts_limit", Boolean, nullable=False, server_default=text("false")),
    Column("load_within_s", Integer),
    Column("credit_micro", BigInteger, nullable=False),
    # When it is late unless it comes further; none: it cannot be.
    instant("deadline_at", nullable=True),
    instant("sent_at", nullable=True),
    instant("answered_at", nullable=True),
    instant("armed_at", nullable=True),
    instant("closed_at", nullable=True),
    instant("load_at", nullable=True),
    # The reading that load is measured from.
    instant("base_at", nullable=True),
    Column("base_wh", BigInteger),
    instant("breached_at", nullable=True),
    Column("breach_stage", Text),
    # The journal of the credit that was given because it was late.
    Column("journal_id", BigInteger, unique=True),
    instant("done_at", nullable=True),
    instant("superseded_at", nullable=True),
    Column("is_timed", Boolean, nullable=False, server_default=text("false")),
)
_OPEN = reconnection.c.done_at.is_(None) & reconnection.c.superseded_at.is_(None)
Index("reconnection_open", reconnection.c.meter_id, unique=True, postgresql_where=_OPEN)
# What may be late. A row leaves it once it was said to be.
Index(
    "reconnection_deadline",
    reconnection.c.deadline_at,
    postgresql_where=_OPEN & reconnection.c.breached_at.is_(None),
)
Index("reconnection_meter_id", reconnection.c.meter_id, reconnection.c.id)
Index("reconnection_account_id", reconnection.c.account_id, reconnection.c.id)
Index("reconnection_caused_at", reconnection.c.caused_at)
