"""The gateway's tables."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

metadata = MetaData()


def _instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


device = Table(
    "device",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("presence", Text),
    # Since when it is so.
    _instant("presence_at", nullable=True),
    # When the newest message came that it rests on; none for a retained one.
    _instant("presence_known_at", nullable=True),
    Column("session", Text),
    _instant("created_at"),
)
Index("device_offline", device.c.meter_id, postgresql_where=device.c.presence == "offline")

command = Table(
    "command",
    metadata,
    Column("command_id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("action", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    # Of its topic.
    Column("partition", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # Since the meter was last heard of.
    Column("unheard_attempts", Integer, nullable=False, server_default=text("0")),
    Column("relay", Text),
    Column("detail", Text, nullable=False, server_default=text("''")),
    _instant("caused_at"),
    _instant("issued_at"),
    _instant("expires_at"),
    _instant("received_at"),
    _instant("sent_at", nullable=True),
    # None once the command is finished: nothing more is to be sent.
    _instant("next_attempt_at", nullable=True),
    _instant("finished_at", nullable=True),
)
Index("command_meter_id", command.c.meter_id, command.c.sequence)
Index(
    "command_due",
    command.c.next_attempt_at,
    postgresql_where=command.c.next_attempt_at.is_not(None),
)

meter_fault = Table(
    "meter_fault",
    metadata,
    # Not a reference: meters that are not registered are the ones to find.
    Column("meter_id", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    _instant("first_at"),
    _instant("last_at"),
    # The last good message after a refusal; the fault is over where it is the newer.
    _instant("good_at", nullable=True),
)

broker_drops = Table(
    "broker_drops",
    metadata,
    Column("broker", Text, primary_key=True),
    # What the broker has counted since its start, as last seen; none: it never said.
    Column("counted", BigInteger),
    Column("messages", BigInteger, nullable=False),
    _instant("at", nullable=True),
    Column("estimated", BigInteger, nullable=False),
)

replica = Table(
    "replica",
    metadata,
    Column("name", Text, primary_key=True),
    _instant("seen_at"),
)
