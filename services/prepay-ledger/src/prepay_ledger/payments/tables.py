"""Payments, signed events, and what people did with them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

payment_event = Table(
    "payment_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    # Of any length, so the keys are hashes.
    Column("event_id_sha256", LargeBinary, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    # None once they have left (room `retention`), years after the event was settled.
    Column("headers", JSONB),
    Column("body", LargeBinary),
    # Decrypted, where the provider encrypts: its key may be gone when somebody wants to read it.
    Column("plain", LargeBinary),
    Column("type", Text),
    Column("payment_id", Text),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # Not applied, and no person has dealt with it yet.
    Column("open", Boolean, nullable=False),
    instant("received_at"),
    posting_day(),
    UniqueConstraint("provider", "event_id_sha256", "body_sha256"),
)
Index("payment_event_day", payment_event.c.day, payment_event.c.id)
Index("payment_event_outcome", payment_event.c.outcome, payment_event.c.id)
Index(
    "payment_event_body",
    payment_event.c.day,
    payment_event.c.id,
    postgresql_where=payment_event.c.body.is_not(None),
)
Index("payment_event_open", payment_event.c.id, postgresql_where=payment_event.c.open)


payment_event_step = Table(
    "payment_event_step",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("payment_event_id", Uuid, ForeignKey("payment_event.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome_before", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("payment_event_step_day", payment_event_step.c.day, payment_event_step.c.id)
Index("payment_event_step_event", payment_event_step.c.payment_event_id)


payment = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id")),
    # As the payer gave it, whatever account got the money in the end.
    Column("account_number", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # Why it went to suspense; empty where it did not.
    Column("reason", Text, nullable=False),
    # What of it the provider has taken back since.
    Column("taken_back_micro", BigInteger, nullable=False, server_default=text("0")),
    # Known from what its provider settled, before any webhook told of it.
    Column("by_settlement", Boolean, nullable=False, server_default=text("false")),
    Column("journal_id", BigInteger, nullable=False),
    instant("received_at"),
    posting_day(),
    UniqueConstraint("provider", "payment_id"),
)
Index("payment_day", payment.c.day, payment.c.id)
Index("payment_account", payment.c.account_id, payment.c.id)
Index("payment_outcome", payment.c.outcome, payment.c.id)
Index("payment_received", payment.c.provider, payment.c.received_at)


# Where a payment went as it reached an account.
topup = Table(
    "topup",
    metadata,
    Column("payment", Uuid, ForeignKey("payment.id"), primary_key=True),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("repaid_micro", BigInteger, nullable=False),
    Column("debts_micro", BigInteger, nullable=False),
    Column("added_micro", BigInteger, nullable=False),
    # What each debt was paid, by its id.
    Column("paid_off", JSONB, nullable=False),
    Column("balance_micro", BigInteger, nullable=False),
    Column("left_micro", BigInteger, nullable=False),
    Column("above_maximum_micro", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("topup_day", topup.c.day, topup.c.payment)
Index("topup_above_maximum", topup.c.payment, postgresql_where=topup.c.above_maximum_micro > 0)


# What providers did with the money afterwards; some come before their payment.
payment_movement = Table(
    "payment_movement",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("movement_id", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_total", Boolean, nullable=False),
    instant("happened_at", nullable=True),
    instant("at"),
    posting_day(),
)
Index("payment_movement_day", payment_movement.c.day, payment_movement.c.id)
Index("payment_movement_at", payment_movement.c.provider, payment_movement.c.at)
Index("payment_movement_payment", payment_movement.c.provider, payment_movement.c.payment_id)


payment_resolution = Table(
    "payment_resolution",
    metadata,
    Column("payment", Uuid, ForeignKey("payment.id"), primary_key=True),
    Column("action", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id")),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("payment_resolution_day", payment_resolution.c.day, payment_resolution.c.payment)
