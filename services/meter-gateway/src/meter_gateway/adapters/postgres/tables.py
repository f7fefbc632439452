"""The gateway's tables."""

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


def _instant(name: str, *, nullable: bool = False) -> Column:
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
