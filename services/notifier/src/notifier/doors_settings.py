"""The settings of door notices."""

from datetime import timedelta

from pydantic import Field

from notifier.door_orders.values import Policy
from notifier.doors.values import Retention
from prewatt_common.settings import ServiceSettings


class DoorsSettings(ServiceSettings):
    """When somebody is sent to a door, and how long what shows it is kept."""

    door_photos_kept_days: int = Field(default=1095, ge=30, le=3650)
    """After this the photo of a door notice is forgotten; the record stays."""
    door_recorded_within_h: int = Field(default=48, ge=1, le=720)
    """What is recorded longer after it was brought is no evidence before another person confirms
    it."""

    door_notice_after_h: int | None = Field(default=None, ge=0, le=24 * 7)
    """So long after the last channel did not deliver what a cut waits for, a door notice is
    ordered. None: none is, unless a person thinks of it."""

    @property
    def door_order_policy(self) -> Policy:
        """When somebody is sent to the door."""
        after_h = self.door_notice_after_h
        return Policy(None if after_h is None else timedelta(hours=after_h))

    @property
    def door_retention(self) -> Retention:
        """How long photos are kept."""
        return Retention(timedelta(days=self.door_photos_kept_days))

    @property
    def door_recorded_within(self) -> timedelta:
        """How old the word of whoever brought a notice may be."""
        return timedelta(hours=self.door_recorded_within_h)
