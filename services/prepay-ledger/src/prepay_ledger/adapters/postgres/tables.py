"""The ledger's tables. Alembic's revisions create them; queries use them from here.

Two rules keep the hot path cheap: nothing that a reading changes (balance, registers, posted
charge) is indexed, and the hot tables leave room in their pages, so those updates stay HOT.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _instant(name: str, *, nullable: bool = False) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable)


tariff_version = Table(
    "tariff_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("effective_from", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("blocks", JSONB, nullable=False),
    Column("standing_micro_per_day", BigInteger, nullable=False),
    Column("tax_bp", Integer, nullable=False),
    _instant("published_at"),
    PrimaryKeyConstraint("code", "effective_from"),
)

account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("currency", Text, nullable=False),
    Column("balance_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("low_balance_micro", BigInteger, nullable=False),
    Column("emergency_credit_micro", BigInteger, nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("supply_state", Text, nullable=False),
    # At or below this balance the next decision is due; none while balance alone decides nothing.
    Column("review_at_micro", BigInteger),
    # When a held or failed step is looked at again.
    _instant("recheck_at", nullable=True),
    _instant("opened_at"),
)
Index(
    "account_recheck_at",
    account.c.recheck_at,
    postgresql_where=account.c.recheck_at.is_not(None),
)

binding = Table(
    "binding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("tariff_code", Text, nullable=False),
    _instant("effective_from"),
    _instant("effective_to", nullable=True),
    Column("opening_wh", BigInteger, nullable=False),
    # The newest month with readings; older ones are in closed_month.
    Column("month", Text),
    Column("base_wh", BigInteger),
    Column("max_wh", BigInteger),
    _instant("last_read_at", nullable=True),
    Column("energy_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("standing_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("tax_micro", BigInteger, nullable=False, server_default=text("0")),
    # Counts changes: an update names the version it read, and charges carry it to billing.
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("meter_id", "effective_from"),
)
Index("binding_account_id", binding.c.account_id)

closed_month = Table(
    "closed_month",
    metadata,
    Column("binding_id", Uuid, ForeignKey("binding.id"), nullable=False),
    Column("month", Text, nullable=False),
    # None where the month passed without a reading: it has a standing charge all the same.
    Column("max_wh", BigInteger),
    _instant("last_read_at", nullable=True),
    Column("energy_micro", BigInteger, nullable=False),
    Column("standing_micro", BigInteger, nullable=False),
    Column("tax_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("binding_id", "month"),
)

unbound_reading = Table(
    "unbound_reading",
    metadata,
    Column("meter_id", Text, nullable=False),
    _instant("read_at"),
    Column("import_wh", BigInteger, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("meter_id", "read_at", "import_wh"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    _instant("posted_at"),
)

entry = Table(
    "entry",
    metadata,
    Column("journal_id", BigInteger, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("binding_id", Uuid),
    Column("month", Text),
    Column("amount_micro", BigInteger, nullable=False),
)
Index("entry_account_id", entry.c.account_id, entry.c.journal_id)

posting = Table(
    "posting",
    metadata,
    Column("journal_id", BigInteger, nullable=False),
    Column("ledger_account", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    PrimaryKeyConstraint("journal_id", "ledger_account"),
)

payment_event = Table(
    "payment_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    # Of any length, so the keys are hashes.
    Column("event_id_sha256", LargeBinary, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("type", Text),
    Column("payment_id", Text),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # Not applied, and no person has dealt with it yet.
    Column("open", Boolean, nullable=False),
    _instant("received_at"),
    UniqueConstraint("provider", "event_id_sha256", "body_sha256"),
)
Index("payment_event_outcome", payment_event.c.outcome, payment_event.c.id)
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
    _instant("at"),
)
Index("payment_event_step_event", payment_event_step.c.payment_event_id)

payment = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id")),
    # As the payer gave it, whatever account got the money in the end.
    Column("account_number", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # Why it went to suspense; empty where it did not.
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    _instant("received_at"),
    UniqueConstraint("provider", "payment_id"),
)
Index("payment_outcome", payment.c.outcome, payment.c.id)

payment_resolution = Table(
    "payment_resolution",
    metadata,
    Column("payment", Uuid, ForeignKey("payment.id"), primary_key=True),
    Column("action", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id")),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    _instant("at"),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("action", Text),
    Column("fired", ARRAY(Text), nullable=False),
    Column("held", ARRAY(Text), nullable=False),
    # Everything `decide` was given, so that it can be run again and must agree.
    Column("inputs", JSONB, nullable=False),
    _instant("at"),
)
Index("decision_account_id", decision.c.account_id, decision.c.id)

command = Table(
    "command",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("decision_id", Uuid, ForeignKey("decision.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("meter_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_rank", SmallInteger, nullable=False),
    Column("relay", Text),
    Column("detail", Text, nullable=False, server_default=text("''")),
    _instant("caused_at"),
    _instant("issued_at"),
    _instant("expires_at"),
    _instant("finished_at", nullable=True),
    UniqueConstraint("meter_id", "sequence"),
)
Index("command_decision_id", command.c.decision_id)
Index("command_account_id", command.c.account_id, command.c.id)
