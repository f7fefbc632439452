"""Files of transfers, their lines, and what banks answered."""

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
)

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

transfer_file = Table(
    "transfer_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("bank", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("pay_on", Date, nullable=False),
    instant("made_at"),
    Column("state", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sum_micro", BigInteger, nullable=False),
)

# Made once. Append only and sealed.
transfer_body = Table(
    "transfer_body",
    metadata,
    Column("file_id", Uuid, ForeignKey("transfer_file.id"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sum_micro", BigInteger, nullable=False),
    instant("at"),
    posting_day(),
)
Index("transfer_body_day", transfer_body.c.day, transfer_body.c.file_id)

transfer_step = Table(
    "transfer_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey("transfer_file.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("transfer_step_day", transfer_step.c.day, transfer_step.c.id)
Index("transfer_step_file", transfer_step.c.file_id, transfer_step.c.action, unique=True)

transfer_item = Table(
    "transfer_item",
    metadata,
    Column("file_id", Uuid, ForeignKey("transfer_file.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("refund_id", Uuid, ForeignKey("refund.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account_key.id"), nullable=False),
    Column("account_number", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("bank_account", Text, nullable=False),
    Column("bank_code", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # Of a refund there is one line that may pay it.
    Column("live", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
)
Index(
    "transfer_item_one_live",
    transfer_item.c.refund_id,
    unique=True,
    postgresql_where=transfer_item.c.live,
)
Index("transfer_item_refund", transfer_item.c.refund_id)

transfer_result = Table(
    "transfer_result",
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
Index("transfer_result_day", transfer_result.c.day, transfer_result.c.id)

transfer_answer = Table(
    "transfer_answer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("result_id", Uuid, ForeignKey("transfer_result.id"), nullable=False),
    Column("bank", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("named", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("amount_micro", BigInteger),
    Column("place", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("refund_id", Uuid, ForeignKey("refund.id")),
    Column("file_id", Uuid, ForeignKey("transfer_file.id")),
    Column("closed_by", Text),
    Column("closed_reason", Text),
)
_answer = transfer_answer.c
Index("transfer_answer_open", _answer.id, postgresql_where=_answer.open)
Index("transfer_answer_result", _answer.result_id, _answer.id)
Index("transfer_answer_refund", _answer.refund_id, postgresql_where=_answer.refund_id.is_not(None))
