"""Mandates, what was done with them, and the requests that they made."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

mandate = Table(
    "mandate",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("threshold_micro", BigInteger, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("month_micro_max", BigInteger, nullable=False),
    Column("month_requests_max", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("instalment_micro_max", BigInteger),
    Column("statement_micro_max", BigInteger),
    Column("consent_by", Text, nullable=False),
    Column("consent_reference", Text, nullable=False),
    instant("consent_at"),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("retry_on", Date),
    Column("waits", Text),
    Column("look_at", DateTime(timezone=True)),
)
Index(
    "mandate_one_an_account",
    mandate.c.account_id,
    unique=True,
    postgresql_where=mandate.c.state != "ended",
)
Index("mandate_look_at", mandate.c.look_at, postgresql_where=mandate.c.look_at.is_not(None))
Index(
    "mandate_instalments",
    mandate.c.provider,
    mandate.c.account_id,
    postgresql_where=(mandate.c.state == "active") & mandate.c.instalment_micro_max.is_not(None),
)
Index(
    "mandate_statements",
    mandate.c.provider,
    mandate.c.account_id,
    postgresql_where=(mandate.c.state == "active") & mandate.c.statement_micro_max.is_not(None),
)
# By which a provider says that one is gone.
Index("mandate_reference", mandate.c.provider, mandate.c.reference)

# What was agreed to, each time that it was changed. Append only and sealed.
mandate_step = Table(
    "mandate_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mandate_id", Uuid, ForeignKey("mandate.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("threshold_micro", BigInteger, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("month_micro_max", BigInteger, nullable=False),
    Column("month_requests_max", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("instalment_micro_max", BigInteger),
    Column("statement_micro_max", BigInteger),
    Column("consent_by", Text, nullable=False),
    Column("consent_reference", Text, nullable=False),
    instant("consent_at"),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("mandate_step_day", mandate_step.c.day, mandate_step.c.id)
Index("mandate_step_mandate", mandate_step.c.mandate_id, mandate_step.c.id)
Index(
    "mandate_step_key",
    mandate_step.c.who,
    mandate_step.c.key,
    unique=True,
    postgresql_where=mandate_step.c.key != "",
)

top_up_request = Table(
    "top_up_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mandate_id", Uuid, ForeignKey("mandate.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # Of an instalment, and of a statement; of a top-up neither.
    Column("debt_id", Uuid, ForeignKey("debt.id")),
    Column("statement_id", Uuid, ForeignKey("statement.id")),
    Column("requested_on", Date, nullable=False),
    instant("requested_at"),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("send_at", DateTime(timezone=True)),
    Column("answer_by", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    posting_day(),
)
Index("top_up_request_day", top_up_request.c.day, top_up_request.c.id)
Index("top_up_request_account", top_up_request.c.account_id, top_up_request.c.id)
Index("top_up_request_state", top_up_request.c.state, top_up_request.c.id)
_open = top_up_request.c.state.in_(["requested", "sending", "accepted", "unanswered"])
Index(
    "top_up_request_one_open",
    top_up_request.c.account_id,
    unique=True,
    postgresql_where=top_up_request.c.debt_id.is_(None)
    & top_up_request.c.statement_id.is_(None)
    & _open,
)
Index(
    "top_up_request_one_a_debt",
    top_up_request.c.debt_id,
    unique=True,
    postgresql_where=top_up_request.c.debt_id.is_not(None) & _open,
)
Index(
    "top_up_request_one_a_statement",
    top_up_request.c.statement_id,
    unique=True,
    postgresql_where=top_up_request.c.statement_id.is_not(None) & _open,
)
Index(
    "top_up_request_send_at",
    top_up_request.c.send_at,
    postgresql_where=top_up_request.c.send_at.is_not(None),
)
Index(
    "top_up_request_answer_by",
    top_up_request.c.answer_by,
    postgresql_where=top_up_request.c.answer_by.is_not(None),
)
Index(
    "top_up_request_closed_at",
    top_up_request.c.closed_at,
    postgresql_where=top_up_request.c.closed_at.is_not(None),
)
Index(
    "top_up_request_payment",
    top_up_request.c.provider,
    top_up_request.c.payment_id,
    postgresql_where=top_up_request.c.payment_id != "",
)

# A person found out that no money comes of a request. Append only and sealed.
top_up_request_close = Table(
    "top_up_request_close",
    metadata,
    Column("request_id", Uuid, ForeignKey("top_up_request.id"), primary_key=True),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("top_up_request_close_day", top_up_request_close.c.day, top_up_request_close.c.request_id)

# Accounts whose balance has fallen to their mandate's threshold, or whose mandate or request has
# changed: a job looks at each and takes it out again.
top_up_due = Table(
    "top_up_due",
    metadata,
    Column("account_id", Uuid, ForeignKey("account_key.id"), primary_key=True),
)
