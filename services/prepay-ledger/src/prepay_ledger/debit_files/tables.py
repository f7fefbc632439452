"""Files of batch debits, their lines, and what banks answered."""

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
    false,
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# Whose account a mandate's money is taken from.
debtor = Table(
    "debtor",
    metadata,
    Column("mandate_id", Uuid, ForeignKey("mandate.id"), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("bank_account", Text, nullable=False),
    Column("bank_code", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
)

debit_file = Table(
    "debit_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("collect_on", Date, nullable=False),
    instant("cut_off"),
    Column("state", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sum_micro", BigInteger, nullable=False),
    Column("bank_line", Uuid, ForeignKey("bank_line.id"), unique=True),
    # The bank's statement tells its debits one by one.
    Column("by_lines", Boolean, nullable=False, server_default=false()),
)
Index(
    "debit_file_one_collecting",
    debit_file.c.provider,
    unique=True,
    postgresql_where=debit_file.c.state == "collecting",
)
Index("debit_file_state", debit_file.c.state, debit_file.c.id)

# Made once. Append only and sealed.
debit_body = Table(
    "debit_body",
    metadata,
    Column("file_id", Uuid, ForeignKey("debit_file.id"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sum_micro", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("debit_body_day", debit_body.c.day, debit_body.c.file_id)

debit_step = Table(
    "debit_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey("debit_file.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("debit_step_day", debit_step.c.day, debit_step.c.id)
Index("debit_step_file", debit_step.c.file_id, debit_step.c.action, unique=True)

debit_item = Table(
    "debit_item",
    metadata,
    Column("request_id", Uuid, ForeignKey("top_up_request.id"), primary_key=True),
    Column("file_id", Uuid, ForeignKey("debit_file.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("account_number", Text, nullable=False),
    Column("mandate_reference", Text, nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("holder", Text, nullable=False),
    Column("bank_account", Text, nullable=False),
    Column("bank_code", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # The lines of the bank that told of it: one of its money, one of its return.
    Column("collected_by", Uuid, ForeignKey("bank_line.id"), unique=True),
    Column("returned_by", Uuid, ForeignKey("bank_line.id"), unique=True),
    UniqueConstraint("file_id", "number"),
)

debit_result = Table(
    "debit_result",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("provider", Text, nullable=False),
    Column("name", Text, nullable=False),
    # As it came: whoever doubts an answer reads it again.
    Column("body", LargeBinary, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    instant("at"),
    posting_day(),
    UniqueConstraint("provider", "sha256"),
)
Index("debit_result_day", debit_result.c.day, debit_result.c.id)

debit_answer = Table(
    "debit_answer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("result_id", Uuid, ForeignKey("debit_result.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("named", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("amount_micro", BigInteger),
    Column("place", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("request", Uuid, ForeignKey("debit_item.request_id")),
    Column("closed_by", Text),
    Column("closed_reason", Text),
)
_answer = debit_answer.c
Index("debit_answer_waiting", _answer.id, postgresql_where=_answer.state == "waiting")
Index("debit_answer_open", _answer.id, postgresql_where=_answer.open)
Index("debit_answer_result", _answer.result_id, _answer.id)
Index("debit_answer_request", _answer.request, postgresql_where=_answer.request.is_not(None))
