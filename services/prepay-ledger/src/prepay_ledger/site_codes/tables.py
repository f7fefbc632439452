"""Reconnection codes: what was given out, and who has read it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

site_code = Table(
    "site_code",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("order_id", Uuid, ForeignKey("work_order.id"), nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    # Of the database as it was then: a restore raises it.
    Column("epoch", BigInteger, nullable=False),
    instant("issued_at"),
    posting_day(),
    UniqueConstraint("meter_id", "counter"),
)
Index("site_code_order_id", site_code.c.order_id, site_code.c.counter)
Index("site_code_day", site_code.c.day, site_code.c.id)

site_code_reading = Table(
    "site_code_reading",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site_code_id", Uuid, ForeignKey("site_code.id"), nullable=False),
    Column("read_by", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("site_code_reading_code", site_code_reading.c.site_code_id, site_code_reading.c.id)
Index("site_code_reading_day", site_code_reading.c.day, site_code_reading.c.id)
