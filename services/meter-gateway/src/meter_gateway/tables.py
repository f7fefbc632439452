"""The gateway's tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

from prewatt_common.db.tables import instant

metadata = MetaData()

device = Table(
    "device",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("presence", Text),
    # Since when it is so.
    instant("presence_at", nullable=True),
    # When the newest message came that it rests on; none for a retained one.
    instant("presence_known_at", nullable=True),
    Column("session", Text),
    instant("created_at"),
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
    # What the meter gets, as the ledger signed it.
    Column("signed", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("relay", Text),
    Column("detail", Text, nullable=False, server_default=text("''")),
    instant("caused_at"),
    instant("issued_at"),
    instant("expires_at"),
    instant("received_at"),
    instant("sent_at", nullable=True),
    # When it is to be sent or, once it was, to be given up. None once it is finished.
    instant("due_at", nullable=True),
    instant("finished_at", nullable=True),
)
Index("command_meter_id", command.c.meter_id, command.c.sequence)
Index(
    "command_due",
    command.c.due_at,
    postgresql_where=command.c.due_at.is_not(None),
)

key_message = Table(
    "key_message",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("signed", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("issued_at"),
    instant("sent_at", nullable=True),
    # When it is to be sent. None while its meter is waited for.
    instant("due_at", nullable=True),
)
Index(
    "key_message_due",
    key_message.c.due_at,
    postgresql_where=key_message.c.due_at.is_not(None),
)

meter_fault = Table(
    "meter_fault",
    metadata,
    # Not a reference: meters that are not registered are the ones to find.
    Column("meter_id", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    instant("first_at"),
    instant("last_at"),
    # The last good message after a refusal; the fault is over where it is the newer.
    instant("good_at", nullable=True),
)

broker_drops = Table(
    "broker_drops",
    metadata,
    Column("broker", Text, primary_key=True),
    # What the broker has counted since its start, as last seen; none: it never said.
    Column("counted", BigInteger),
    Column("messages", BigInteger, nullable=False),
    instant("at", nullable=True),
    Column("estimated", BigInteger, nullable=False),
)

replica = Table(
    "replica",
    metadata,
    Column("name", Text, primary_key=True),
    instant("seen_at"),
)
