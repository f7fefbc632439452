"""How far the daily look came."""

from sqlalchemy import Boolean, Column, Date, Table, Text, text

from prepay_ledger.tables import metadata

meter_look = Table(
    "meter_look",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # The utility's day whose look is under way or done.
    Column("day", Date, nullable=False),
    # The last meter that was looked at; none: all were.
    Column("after", Text),
    # The day of the look before.
    Column("previous", Date),
)
