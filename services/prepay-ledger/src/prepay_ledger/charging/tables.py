"""Bindings with their charge state, past months, readings that nobody pays for, and meters whose
readings raised. Nothing that a reading changes in a binding is indexed, and pages leave room
(fillfactor), so that those updates stay HOT."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata, posting_day
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


parked_meter = Table(
    "parked_meter",
    metadata,
    Column("meter_id", Text, primary_key=True),
    instant("since"),
    Column("error", Text, nullable=False),
    # Where the reading lies that raised: topic/partition/offset.
    Column("record", Text, nullable=False),
)


parked_reading = Table(
    "parked_reading",
    metadata,
    # A reading behind a release that is under way has no meter to go to, and fails.
    Column("meter_id", Text, ForeignKey("parked_meter.meter_id"), nullable=False),
    instant("read_at"),
    Column("import_wh", BigInteger, nullable=False),
    instant("received_at"),
    PrimaryKeyConstraint("meter_id", "read_at", "import_wh"),
)


# Each time that somebody had a parked meter's readings taken again, whatever came of it.
parked_meter_step = Table(
    "parked_meter_step",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("meter_id", Text, nullable=False),
    # Why and since when it was parked: a released meter's row is gone.
    instant("since"),
    Column("error", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # The error where it is still odd; empty where it was released.
    Column("detail", Text, nullable=False),
    Column("readings", Integer, nullable=False),
    instant("at"),
    posting_day(),
)
Index("parked_meter_step_day", parked_meter_step.c.day, parked_meter_step.c.id)
Index("parked_meter_step_meter", parked_meter_step.c.meter_id, parked_meter_step.c.id)
