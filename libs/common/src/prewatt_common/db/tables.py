"""The tables that every service has: where its consumers stand, what it has to say, and which
zone data it was used with."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
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
    Column("topic_id", Uuid, nullable=False),
    # Kafka may know of a later offset than ours up to this one: a person has said so.
    Column("accepted_upto", BigInteger, nullable=False, server_default=text("0")),
    # Records below may have been handled before: a person let the group begin its log again.
    Column("repeats_upto", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("consumer_group", "topic", "partition"),
)
"""The next Kafka offset to process, moved in the transaction of what it caused, and the id of the
topic that it is of."""

offset_acceptance = Table(
    "offset_acceptance",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("consumer_group", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("old_offset", BigInteger, nullable=False),
    Column("old_topic_id", Uuid, nullable=False),
    Column("new_offset", BigInteger, nullable=False),
    Column("new_topic_id", Uuid, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
)
"""Where a person let a group go on in a log that its offset did not fit."""

dead_letter_replay = Table(
    "dead_letter_replay",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("consumer_group", Text, nullable=False),
    Column("source", Text, nullable=False),
    instant("dead_at"),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    Index("dead_letter_replay_source", "source"),
    Index(
        "dead_letter_replay_handled",
        "consumer_group",
        "source",
        "dead_at",
        unique=True,
        postgresql_where=text("outcome = 'handled'"),
    ),
)
"""Who had a dead letter handled again, why, and what came of it; ``source`` and ``dead_at`` are the
letter's ``dlq_source`` and ``dlq_at``. It is handled once."""

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
