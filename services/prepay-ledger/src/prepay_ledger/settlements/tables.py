"""Files that providers settle by, their lines, what differs, and what people did about it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

settlement_file = Table(
    "settlement_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    # Of several of one day the highest stands.
    Column("revision", Integer, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    # As it came: whoever doubts a line reads it again.
    Column("body", LargeBinary, nullable=False),
    # Of CSV: which column said what.
    Column("mapping", JSONB(none_as_null=True)),
    Column("lines", Integer, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    # Why it replaced the one before.
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("provider", "business_day", "revision"),
)
Index("settlement_file_day", settlement_file.c.day, settlement_file.c.id)

settlement_line = Table(
    "settlement_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey("settlement_file.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("movement_id", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("fee_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    instant("happened_at", nullable=True),
    Column("reference", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("place", Text, nullable=False),
    # No later revision of its day has replaced it.
    Column("stands", Boolean, nullable=False),
)
_line = settlement_line.c
Index("settlement_line_file", _line.file_id, _line.id)
Index("settlement_line_payment", _line.provider, _line.payment_id, postgresql_where=_line.stands)
Index("settlement_line_standing", _line.provider, _line.business_day, postgresql_where=_line.stands)

settlement_difference = Table(
    "settlement_difference",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("difference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("movement_id", Text, nullable=False),
    # Of what is there more than once, which.
    Column("nth", Integer, nullable=False),
    Column("their_micro", BigInteger),
    Column("their_currency", Text),
    Column("our_micro", BigInteger),
    Column("our_currency", Text),
    Column("line_id", Uuid, ForeignKey("settlement_line.id")),
    Column("payment", Uuid, ForeignKey("payment.id")),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # What the account got more, or less, by it.
    Column("correction_micro", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    instant("found_at"),
    instant("closed_at", nullable=True),
)
_difference = settlement_difference.c
Index("settlement_difference_payment", _difference.provider, _difference.payment_id)
Index(
    "settlement_difference_open",
    _difference.id,
    postgresql_where=_difference.closed_at.is_(None),
)
Index(
    "settlement_difference_once",
    _difference.provider,
    _difference.payment_id,
    _difference.kind,
    _difference.movement_id,
    _difference.nth,
    unique=True,
    postgresql_where=_difference.closed_at.is_(None),
)

settlement_step = Table(
    "settlement_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("difference_id", Uuid, ForeignKey("settlement_difference.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_before", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("settlement_step_day", settlement_step.c.day, settlement_step.c.id)
Index("settlement_step_difference", settlement_step.c.difference_id, settlement_step.c.id)
