"""The tables that every service has: where its consumers stand, what it has to say, and which
zone data it was used with."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

shared_metadata = MetaData()


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A column with a point in time."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


consumer_offset = Table(
    "consumer_offset",
    shared_metadata,
    Column("consumer_group", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer_group", "topic", "partition"),
)
"""The next Kafka offset to process, moved in the transaction of what it caused."""

outbox = Table(
    "outbox",
    shared_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
"""Messages to publish, deleted once Kafka has them."""

zone_data = Table(
    "zone_data",
    shared_metadata,
    Column("version", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
"""The releases of the time zone data that the service has run with."""
