"""What is forecast of each account once a day, and how far a day's run came."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from prepay_ledger.tables import metadata
from prewatt_common.db.tables import instant

# What three courses of use cost from the first instant on until each of them
# (prewatt_metering.forecast.run_out.CostsAhead). An account of which nothing is known has no row.
forecast = Table(
    "forecast",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    instant("made_at"),
    Column("timezone", Text, nullable=False),
    Column("measured_days", Integer, nullable=False),
    Column("at_us", ARRAY(BigInteger), nullable=False),
    Column("low_micro", ARRAY(BigInteger), nullable=False),
    Column("middle_micro", ARRAY(BigInteger), nullable=False),
    Column("high_micro", ARRAY(BigInteger), nullable=False),
)

forecast_run = Table(
    "forecast_run",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # The utility's day whose run is under way or done.
    Column("day", Date, nullable=False),
    # The last account that it came to.
    Column("after", Uuid),
    Column("is_done", Boolean, nullable=False),
)
