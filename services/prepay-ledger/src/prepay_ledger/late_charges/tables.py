"""Late charges, what was given up of them, and reminders, append only and sealed; and how far each
account was looked at."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

late_charge = Table(
    "late_charge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("statement_id", Uuid, ForeignKey("statement.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    # Of the statement's rows.
    Column("number", Integer, nullable=False),
    Column("through", Date, nullable=False),
    # What the balance fell by; the next two are sums of all rows up to this one.
    Column("amount_micro", BigInteger, nullable=False),
    Column("accrued_micro", BigInteger, nullable=False),
    Column("waived_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("policy_number", Integer, nullable=False),
    Column("customer_class", Text, nullable=False),
    # [[first day, last day, open micro-units, ppm a day]]: what the sum was reckoned from.
    Column("spans", JSONB, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("statement_id", "number"),
)
Index("late_charge_day", late_charge.c.day, late_charge.c.id)
Index("late_charge_account", late_charge.c.account_id, late_charge.c.id)

late_charge_waiver = Table(
    "late_charge_waiver",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("statement_id", Uuid, ForeignKey("statement.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # Who asked for it; who approved is with the proposal.
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), unique=True),
    Column("charge_id", Uuid, ForeignKey("late_charge.id"), nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("who", "key"),
)
Index("late_charge_waiver_day", late_charge_waiver.c.day, late_charge_waiver.c.id)
Index("late_charge_waiver_account", late_charge_waiver.c.account_id, late_charge_waiver.c.id)

# Told once a statement and step.
payment_reminder = Table(
    "payment_reminder",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("statement_id", Uuid, ForeignKey("statement.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("step_days", Integer, nullable=False),
    Column("open_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("policy_number", Integer, nullable=False),
    Column("customer_class", Text, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("statement_id", "step_days"),
)
Index("payment_reminder_day", payment_reminder.c.day, payment_reminder.c.id)
Index("payment_reminder_account", payment_reminder.c.account_id, payment_reminder.c.id)

late_charge_look = Table(
    "late_charge_look",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), primary_key=True),
    # None: it was never looked at.
    Column("through", Date),
    # Of late charges, where the policy has them paid before what was used.
    Column("paid_micro", BigInteger, nullable=False, server_default=text("0")),
    # When it is looked at again. A statement and whatever moves the balance but use write it too;
    # none: nothing costs more by time alone.
    Column("look_on", Date),
)
Index(
    "late_charge_look_on",
    late_charge_look.c.look_on,
    late_charge_look.c.account_id,
    postgresql_where=late_charge_look.c.look_on.is_not(None),
)
