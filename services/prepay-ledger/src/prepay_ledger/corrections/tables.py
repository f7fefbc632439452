"""Correction runs, and what each changes of whom."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# How far a run is; the decision itself is a fact, and its document a row of `tariff_version`.
correction_run = Table(
    "correction_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("document", Text, nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("drafted_at"),
    Column("our_fault", Boolean, nullable=False, server_default=text("false")),
    # The preview: how many versions and corrections of the tariff it rests on, the last agreement
    # that is in it while it is made, and what it comes to once it is whole.
    Column("tariff_rows", Integer, nullable=False),
    Column("previewed_upto", Uuid),
    Column("previewed_at", DateTime(timezone=True)),
    Column("accounts", Integer),
    Column("dearer", Integer),
    Column("cheaper", Integer),
    Column("difference_micro", BigInteger),
    Column("apart_micro", BigInteger),
    Column("newly_negative", Integer),
    Column("needs_second_person", Boolean),
    Column("correction", Integer),
    Column("released_by", Text),
    Column("release_reason", Text),
    Column("released_at", DateTime(timezone=True)),
    Column("withdrawn_by", Text),
    Column("withdrawal_reason", Text),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    Column("trouble", Text),
)
# One at a time is carried out of a tariff.
Index(
    "correction_run_released",
    correction_run.c.code,
    unique=True,
    postgresql_where=correction_run.c.state == "released",
)

# What a run's preview says of an account, in micro-units: its balance then, what it was charged in
# the periods that the version rates, what it would be, and what of that balances are not asked for.
correction_account = Table(
    "correction_account",
    metadata,
    Column("run_id", Uuid, ForeignKey("correction_run.id"), nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("balance_micro", BigInteger, nullable=False),
    Column("charge_micro", BigInteger, nullable=False),
    Column("new_charge_micro", BigInteger, nullable=False),
    Column("apart_micro", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("run_id", "account_id"),
)
