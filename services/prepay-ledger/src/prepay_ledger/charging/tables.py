"""Bindings with their charge state, past months, and readings that nobody pays for. Nothing that a
reading changes is indexed, and pages leave room (fillfactor), so that those updates stay HOT."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

binding = Table(
    "binding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("tariff_code", Text, nullable=False),
    instant("effective_from"),
    instant("effective_to", nullable=True),
    Column("opening_wh", BigInteger, nullable=False),
    # The newest month with readings; older ones are in closed_month.
    Column("month", Text),
    Column("base_wh", BigInteger),
    Column("max_wh", BigInteger),
    instant("last_read_at", nullable=True),
    Column("energy_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("standing_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("tax_micro", BigInteger, nullable=False, server_default=text("0")),
    # Counts changes: an update names the version it read, and charges carry it to billing.
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("meter_id", "effective_from"),
)
Index("binding_account_id", binding.c.account_id)


closed_month = Table(
    "closed_month",
    metadata,
    Column("binding_id", Uuid, ForeignKey("binding.id"), nullable=False),
    Column("month", Text, nullable=False),
    # None where the month passed without a reading: it has a standing charge all the same.
    Column("max_wh", BigInteger),
    instant("last_read_at", nullable=True),
    Column("energy_micro", BigInteger, nullable=False),
    Column("standing_micro", BigInteger, nullable=False),
    Column("tax_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("binding_id", "month"),
)


unbound_reading = Table(
    "unbound_reading",
    metadata,
    Column("meter_id", Text, nullable=False),
    instant("read_at"),
    Column("import_wh", BigInteger, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("meter_id", "read_at", "import_wh"),
)
