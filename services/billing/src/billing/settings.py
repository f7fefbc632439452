"""Billing's settings."""

from pydantic import Field

from prewatt_common.settings import ServiceSettings

ARCHIVE_URL = "/var/lib/prewatt/archive"


class BillingSettings(ServiceSettings):
    """Read from ``PREWATT_*``."""

    http_port: int = Field(default=8084, ge=1, le=65535)
    batch_records_max: int = Field(default=100, ge=1, le=1_000)
    """Records of readings in one transaction, each of up to 100 readings."""
    linger_ms: int = Field(default=500, ge=0, le=5_000)
    """The least time between two batches of readings or charges: nobody waits for billing, and
    fewer, larger batches leave the machine to those for whom somebody does."""
    settle_s: float = Field(default=30.0, ge=0, le=600)
    """For how long after either side moved what is not equal is in flight."""
    compare_every_s: float = Field(default=0.5, gt=0, le=60)
    """Between two looks at what has moved, where nothing waits."""
    compare_rest_factor: float = Field(default=3.0, ge=0, le=100)
    """The rest between two portions where more waits, in times of what the portion took: 3 leaves
    comparing a quarter of a core."""
    night_hour: int = Field(default=1, ge=0, le=23)
    """The hour of the day, UTC, from which on everything is rated again: one in which little else
    is done."""
    night_rest_factor: float = Field(default=1.0, ge=0, le=100)
    """The rest between two groups of agreements, in times of what the group took: 1 leaves the
    nightly rating half a core."""
    hardship_hour: int = Field(default=4, ge=0, le=23)
    """The hour of the day, in the zone of the hardship policy, from which on households are looked
    at for the day before: by then its last readings have come."""
    hardship_kept_days: int = Field(default=730, ge=30, le=3_650)
    """For how long a hardship flag is kept after it has ended, with what was done about it, and who
    looked at one. What it was seen by goes as soon as no window of the policy needs it."""
    reconciliation_every_s: float = Field(default=30.0, gt=0)
    """Between two counts for the metrics; a count of many rests longer, see the README."""
    archive_url: str = ARCHIVE_URL
    """Where the archive's files are, the same for every replica: a folder, or
    ``s3://BUCKET/PREFIX``, and ``?endpoint=http://HOST:PORT&region=REGION`` where it is not AWS.
    """
    archive_readings_max: int = Field(default=200_000, ge=1, le=500_000)
    """So many that wait are written to files at once, whatever the time."""
    archive_bytes_max: int = Field(default=64 << 20, ge=1)
    """As they wait in the database, some 20 a reading."""
    archive_every_s: float = Field(default=300.0, gt=0, le=86_400)
    """The longest that a reading waits for its file."""
    archive_readers_hold_s: float = Field(default=3_600.0, ge=0)
    """How long a file stays after it was merged into another: who has a list reads its files within
    that time."""
