"""How far readings have left, looked up now and then."""

from prometheus_client import Gauge

from prepay_ledger.retention.postgres import KEPT
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database, driver
from prewatt_common.workers import Repeating

LEFT_DAYS = Gauge(
    "prewatt_ledger_left_days",
    "Posting days whose readings have left the database for their exports.",
)
OLDEST_READINGS_DAYS = Gauge(
    "prewatt_ledger_oldest_readings_days",
    "How many days ago the oldest sealed posting day was whose readings are in the database.",
)
_EVERY_S = 300.0


def watch_left(database: Database) -> Repeating:
    """The worker that keeps the metrics."""

    async def measure() -> None:
        async with database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(KEPT)
        assert row is not None, "counts have a row"
        LEFT_DAYS.set(row["left"])
        oldest = row["oldest"]
        OLDEST_READINGS_DAYS.set(0 if oldest is None else (utc_now().date() - oldest).days)

    return Repeating(name="watch readings that left", do=measure, every_s=_EVERY_S)
