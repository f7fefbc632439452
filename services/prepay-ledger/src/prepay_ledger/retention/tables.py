"""Days whose readings have left, and the meters that these were of."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from prepay_ledger.tables import metadata

_OWNERS = "the owner writes it"
"""The service's role may read them (prewatt_common/db/rights.py)."""

left_day = Table(
    "left_day",
    metadata,
    Column("day", Date, ForeignKey("seal.day"), primary_key=True),
    # The folder that the export was written to, as that machine named it.
    Column("folder", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    # Of each chunk of the file, in order.
    Column("first_meters", ARRAY(Text), nullable=False),
    Column("begins", ARRAY(BigInteger), nullable=False),
    Column("roots", ARRAY(LargeBinary), nullable=False),
    Column("left_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    comment=_OWNERS,
)

# Whoever reads a meter's readings has to know that there were others. From which posting day on:
# the first of its days that left.
left_meter = Table(
    "left_meter",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("since", Date, nullable=False),
    comment=_OWNERS,
)
