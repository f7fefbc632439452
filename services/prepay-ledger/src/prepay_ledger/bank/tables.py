"""Bank accounts of ours, files that banks give, their lines, and what people did with those."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

bank_account = Table(
    "bank_account",
    metadata,
    Column("account", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("bank_account_day", bank_account.c.day, bank_account.c.account)

bank_file = Table(
    "bank_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    # As it came: whoever doubts a line reads it again.
    Column("body", LargeBinary, nullable=False),
    # Of CSV: which column said what.
    Column("mapping", JSONB(none_as_null=True)),
    Column("statements", JSONB, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("bank_file_day", bank_file.c.day, bank_file.c.id)

# What a file's statements say of themselves: whether one of another day is missing.
bank_statement = Table(
    "bank_statement",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey("bank_file.id"), nullable=False),
    Column("account", Text, ForeignKey("bank_account.account"), nullable=False),
    Column("statement", Text, nullable=False),
    Column("opening_micro", BigInteger),
    Column("closing_micro", BigInteger),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    # That it does not begin where another ended.
    Column("accepted_by", Text),
    Column("accepted_reason", Text),
    instant("accepted_at", nullable=True),
)
_statement = bank_statement.c
Index("bank_statement_day", _statement.account, _statement.last_day)
Index("bank_statement_closing", _statement.account, _statement.closing_micro)
Index("bank_statement_opening", _statement.account, _statement.opening_micro)

bank_line = Table(
    "bank_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey("bank_file.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("account", Text, ForeignKey("bank_account.account"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("value_on", Date),
    Column("booking", Text, nullable=False),
    Column("transaction", Text, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("structured", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("other_party", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    # The first of its identity, which is applied.
    Column("known", Boolean, nullable=False),
    Column("payment", Uuid, ForeignKey("payment.id")),
    Column("refers_to", Uuid, ForeignKey("bank_line.id")),
)
_line = bank_line.c
Index("bank_line_file", _line.file_id, _line.id)
Index("bank_line_state", _line.state, _line.id)
Index("bank_line_account", _line.account, _line.id)
Index("bank_line_open", _line.id, postgresql_where=_line.open)
Index("bank_line_waiting", _line.id, postgresql_where=_line.state == "waiting")
Index("bank_line_known", _line.account, _line.identity, unique=True, postgresql_where=_line.known)
Index(
    "bank_line_booking",
    _line.account,
    _line.booking,
    _line.file_id,
    postgresql_where=text("booking <> ''"),
)
Index(
    "bank_line_sum",
    _line.account,
    _line.booking,
    postgresql_where=text("kind = 'batch' AND booking <> ''"),
)
Index("bank_line_amount", _line.account, _line.booked_on, _line.amount_micro, _line.file_id)
# What may be a payout that a file tells of later: of all accounts.
Index(
    "bank_line_payout",
    _line.currency,
    _line.amount_micro,
    _line.booked_on,
    postgresql_where=text("state IN ('debit', 'suspense')"),
)
Index(
    "bank_line_end_to_end",
    _line.account,
    _line.end_to_end_id,
    postgresql_where=text("end_to_end_id <> ''"),
)
Index("bank_line_refers", _line.refers_to, postgresql_where=_line.refers_to.is_not(None))

bank_line_step = Table(
    "bank_line_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("line_id", Uuid, ForeignKey("bank_line.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_before", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("bank_line_step_day", bank_line_step.c.day, bank_line_step.c.id)
Index("bank_line_step_line", bank_line_step.c.line_id, bank_line_step.c.id)
