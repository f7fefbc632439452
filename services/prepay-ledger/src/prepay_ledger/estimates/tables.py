"""What the utility decided, and how far a day's run came: a row each."""

from sqlalchemy import Boolean, Column, Date, Integer, Table, Text, Uuid, text

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# As the newest of its facts says; no row: nobody is estimated.
estimate_policy = Table(
    "estimate_policy",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("revision", Integer, nullable=False),
    Column("after_days", Integer),
    Column("longest_days", Integer),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
)

estimate_run = Table(
    "estimate_run",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # The utility's day, and the policy, of the run that is under way or done.
    Column("day", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    # The last account that it came to.
    Column("after", Uuid),
    Column("is_done", Boolean, nullable=False),
    # The last day whose run came to its end; before the first one, the day before that.
    Column("done_day", Date, nullable=False),
)
