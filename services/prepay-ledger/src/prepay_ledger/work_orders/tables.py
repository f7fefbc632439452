"""Work orders."""

from sqlalchemy import Column, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

work_order = Table(
    "work_order",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("account_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    instant("opened_at"),
    # Up to when what it rests on is known; none where nobody said.
    instant("known_until", nullable=True),
    instant("closed_at", nullable=True),
    Column("closed_by", Text),
    Column("result", Text),
    Column("note", Text),
)
Index(
    "work_order_open",
    work_order.c.meter_id,
    work_order.c.kind,
    unique=True,
    postgresql_where=work_order.c.closed_at.is_(None),
)
Index("work_order_meter_id", work_order.c.meter_id, work_order.c.id)
Index("work_order_account_id", work_order.c.account_id, work_order.c.id)
# Whom a notice has reached is looked for at every batch of notices, however many were ever closed.
Index(
    "work_order_open_account",
    work_order.c.account_id,
    work_order.c.kind,
    postgresql_where=work_order.c.closed_at.is_(None),
)
