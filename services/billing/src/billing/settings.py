"""Billing's settings."""

from pydantic import Field

from prewatt_common.settings import ServiceSettings


class BillingSettings(ServiceSettings):
    """Read from ``PREWATT_*``."""

    http_port: int = Field(default=8084, ge=1, le=65535)
    batch_records_max: int = Field(default=100, ge=1, le=1_000)
    """Records of readings in one transaction, each of up to 100 readings."""
    linger_ms: int = Field(default=500, ge=0, le=5_000)
    """The least time between two batches of readings or charges: nobody waits for billing, and
    fewer, larger batches leave the machine to those for whom somebody does."""
    reconciliation_every_s: float = Field(default=30.0, gt=0)
    """Between two background checks; a check of many meters rests longer, see the README."""
