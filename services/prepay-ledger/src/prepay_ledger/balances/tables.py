"""Accounts: the row that money moves. Nothing that a reading changes is indexed, and pages leave
room (fillfactor), so that those updates stay HOT."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, literal_column, text

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# What other tables refer to: a row that never changes, which `account`'s insertion makes. Each
# reading changes the account's own, and then PostgreSQL asks of every table that refers to that row
# whether what it refers to is another: for 40 tables a third of what the change costs.
account_key = Table("account_key", metadata, Column("id", Uuid, primary_key=True))
account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("currency", Text, nullable=False),
    Column("balance_micro", BigInteger, nullable=False, server_default=text("0")),
    # How often the balance has moved: numbers what it was, for whoever hears of it.
    Column("moves", BigInteger, nullable=False, server_default=text("0")),
    Column("low_balance_micro", BigInteger, nullable=False),
    # What may be used below zero at any time, and what besides once it is accepted.
    Column("overdraft_micro", BigInteger, nullable=False),
    Column("emergency_credit_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("protected", Boolean, nullable=False),
    # How it pays; a change of mode sets it.
    Column("mode", Text, nullable=False, server_default=text("'prepay'")),
    Column("supply_state", Text, nullable=False),
    # At or below the one, or above the other, the next decision is due; none: balance alone
    # decides nothing that way.
    Column("review_at_micro", BigInteger),
    Column("review_above_micro", BigInteger),
    # At or below it an automatic top-up is to be looked at; none: there is no mandate, or it waits
    # for something else.
    Column("top_up_at_micro", BigInteger),
    # Since when the balance has been low, and exhausted; none: it is not.
    instant("low_since", nullable=True),
    instant("exhausted_since", nullable=True),
    # What holds its cut, by rule, with commas between.
    Column("held", Text, nullable=False, server_default=text("''")),
    # The warnings that were told and still hold, by key, with commas between.
    Column("told", Text, nullable=False, server_default=text("''")),
    # When supply was cut the last time, and until when a share of that is enough.
    Column("owed_micro", BigInteger, nullable=False, server_default=text("0")),
    instant("dues_until", nullable=True),
    # When a held or failed step is looked at again.
    instant("recheck_at", nullable=True),
    instant("opened_at"),
)
Index(
    "account_recheck_at",
    account.c.recheck_at,
    postgresql_where=account.c.recheck_at.is_not(None),
)
# Those that pay afterwards: a change of mode alone moves them in or out.
Index("account_arrears", account.c.id, postgresql_where=account.c.mode == "arrears")
# As `plain_number` of payment references has it.
account_plain_number = literal_column(
    "upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g'))", Text
)
Index("account_plain_number", account_plain_number, _table=account)
