"""Where days and months begin and end: the tzdata package's zones, and no machine's own.

`zoneinfo` prefers what the system has, and two machines that were updated at different times cut
the same day in two places: ledger and billing would then differ on honest readings.
"""

import logging
from zoneinfo import ZoneInfo, reset_tzpath

import tzdata
from prometheus_client import Gauge, Info
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from prewatt_common.db.database import Database
from prewatt_common.db.tables import zone_data
from prewatt_common.workers import Repeating

logger = logging.getLogger(__name__)

_EVERY_S = 3600.0

ZONE_DATA_MIN = "2025b"
"""IANA's name of the oldest release that the rules here were tested with."""
ZONE_DATA = Info("prewatt_zone_data", "The release of the time zone data that this process uses.")
ZONE_DATA_BEHIND = Gauge(
    "prewatt_zone_data_behind",
    "1 where this process has older zone data than its database has been used with.",
)


class OldZoneData(Exception):
    """The installed zone data is older than what the rules were tested with."""


def use_packaged_zone_data() -> str:
    """From now on zones come from the tzdata package alone. Gives IANA's name of its release.

    Raises `OldZoneData`.
    """
    reset_tzpath(to=())
    ZoneInfo.clear_cache()
    version = tzdata.IANA_VERSION
    if version < ZONE_DATA_MIN:
        message = (
            f"the package tzdata holds zone data {version}, and at least {ZONE_DATA_MIN} is "
            "needed; install a newer one"
        )
        raise OldZoneData(message)
    ZONE_DATA.info({"version": version})
    return version


async def compare_zone_data(database: Database, *, version: str = tzdata.IANA_VERSION) -> None:
    """Note in ``database`` which release it is used with, and say loudly where that has changed:
    what was charged under another release may be cut at other instants when it is derived anew."""
    newest = select(func.max(zone_data.c.version))
    async with database.transaction() as connection:
        before = await connection.scalar(newest)
        await connection.execute(insert(zone_data).values(version=version).on_conflict_do_nothing())
    behind = before is not None and version < before
    ZONE_DATA_BEHIND.set(behind)
    if behind:
        logger.error(
            "zone data %s is older than %s, with which this database has been used: days and "
            "months may be cut elsewhere than before; install the newer tzdata here",
            version, before,
        )  # fmt: skip
    elif before is not None and version > before:
        logger.warning(
            "zone data went from %s to %s: in zones whose rules changed, days and months that "
            "are derived anew are cut by the new ones; every service should have it",
            before, version,
        )  # fmt: skip


def watch_zone_data(database: Database) -> Repeating:
    """A worker that compares, at start and every hour."""
    return Repeating(
        name="compare zone data", do=lambda: compare_zone_data(database), every_s=_EVERY_S
    )
