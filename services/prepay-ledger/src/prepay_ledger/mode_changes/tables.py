"""Changes of mode as they stand, and what was done with them. Steps are append only and sealed."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, Text, Uuid

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

mode_change = Table(
    "mode_change",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("to_mode", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("tariff_code", Text, nullable=False),
    Column("consent_by", Text, nullable=False),
    Column("consent_reference", Text, nullable=False),
    instant("consent_at"),
    # What the policy said when it was asked for.
    Column("notice_days", Integer, nullable=False),
    Column("without_reading_after_days", Integer),
    Column("owed", Text, nullable=False),
    Column("instalments", Integer, nullable=False),
    Column("due_days", Integer, nullable=False),
    instant("effective_at"),
    Column("state", Text, nullable=False),
    # Why it was cancelled or refused; and what it waits for.
    Column("reason", Text, nullable=False),
    Column("waits_for", Text, nullable=False),
    instant("noticed_at", nullable=True),
    instant("look_at", nullable=True),
    # Of one that was made.
    Column("agreement_id", Uuid),
    Column("closing_micro", BigInteger),
    # All payments that are in it, by which the first statement tells those that came since.
    Column("closing_paid_micro", BigInteger),
    Column("debt_id", Uuid),
)
Index("mode_change_account_id", mode_change.c.account_id, mode_change.c.id)
_OPEN = mode_change.c.state.in_(["requested", "noticed", "waiting"])
Index("mode_change_open", mode_change.c.account_id, unique=True, postgresql_where=_OPEN)
Index(
    "mode_change_look_at",
    mode_change.c.look_at,
    postgresql_where=mode_change.c.look_at.is_not(None),
)

mode_change_step = Table(
    "mode_change_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("change_id", Uuid, ForeignKey("mode_change.id"), nullable=False),
    Column("action", Text, nullable=False),
    # Empty where it followed by itself.
    Column("key", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("mode_change_step_day", mode_change_step.c.day, mode_change_step.c.id)
Index("mode_change_step_change_id", mode_change_step.c.change_id, mode_change_step.c.id)
Index(
    "mode_change_step_key",
    mode_change_step.c.who,
    mode_change_step.c.key,
    unique=True,
    postgresql_where=mode_change_step.c.key != "",
)
