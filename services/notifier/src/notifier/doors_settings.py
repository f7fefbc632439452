"""The settings of door notices."""

from datetime import timedelta

from pydantic import Field

from notifier.doors.values import Retention
from prewatt_common.settings import ServiceSettings


class DoorsSettings(ServiceSettings):
    """How long what shows a household's door is kept."""

    door_photos_kept_days: int = Field(default=1095, ge=30, le=3650)
    """After this the photo of a door notice is forgotten; the record stays."""
    door_recorded_within_h: int = Field(default=48, ge=1, le=720)
    """What is recorded longer after it was brought is no evidence before another person confirms
    it."""

    @property
    def door_retention(self) -> Retention:
        """How long photos are kept."""
        return Retention(timedelta(days=self.door_photos_kept_days))

    @property
    def door_recorded_within(self) -> timedelta:
        """How old the word of whoever brought a notice may be."""
        return timedelta(hours=self.door_recorded_within_h)
