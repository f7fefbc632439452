"""Agreements: an account, a tariff, and the local days on which it holds."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from prepay_ledger.tables import metadata

agreement = Table(
    "agreement",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Of an account that exists: a trigger holds it, as in `installation` and `entry`.
    Column("account_id", Uuid, nullable=False),
    Column("tariff_code", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    # The day after the last; none: it lasts.
    Column("end_day", Date),
    Column("capacity_va", BigInteger),
    Column("contracted_w", BigInteger),
    Column("revision", Integer, nullable=False),
    # How many corrections of its tariff it is charged by: a correction run counts it up.
    Column("corrections", Integer, nullable=False, server_default=text("0")),
    ExcludeConstraint(
        ("account_id", "="),
        (func.daterange(text("first_day"), text("end_day")), "&&"),
        name="agreement_one_at_a_time",
    ),
)
# A correction run's preview goes by accounts.
Index("agreement_tariff", agreement.c.tariff_code, agreement.c.account_id)
# What charges nobody any more.
Index("agreement_ended", agreement.c.end_day, postgresql_where=agreement.c.end_day.is_not(None))
# What a correction run has not come to yet.
Index(
    "agreement_corrections",
    agreement.c.tariff_code,
    agreement.c.corrections,
    agreement.c.id,
)
