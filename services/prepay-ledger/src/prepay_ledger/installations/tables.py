"""Meters, where they are installed, and edits of their readings, as they stand now."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

meter = Table(
    "meter",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("household", Boolean, nullable=False),
    Column("serial_number", Text),
    Column("modulus_wh", BigInteger),
    Column("resolution_wh", BigInteger, nullable=False),
    Column("max_w", BigInteger),
    Column("supply_office", Text),
    Column("station_area", Text),
    Column("line", Text),
    Column("revision", Integer, nullable=False),
)


installation = Table(
    "installation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    instant("begins_at"),
    instant("ends_at", nullable=True),
    Column("opening_wh", BigInteger),
    Column("closing_wh", BigInteger),
    Column("multiplier", Integer, nullable=False),
    Column("device", Text),
    Column("revision", Integer, nullable=False),
)
Index("installation_meter_id", installation.c.meter_id, installation.c.begins_at)
Index("installation_account_id", installation.c.account_id)


reading_edit = Table(
    "reading_edit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    instant("read_at"),
    Column("kind", Text, nullable=False),
    Column("register_wh", BigInteger),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    Column("our_fault", Boolean, nullable=False, server_default=text("false")),
)
Index("reading_edit_meter_id", reading_edit.c.meter_id, reading_edit.c.id)
