"""When nobody is woken: a night of the customer's own zone, longer on holidays."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifier.contacts.values import Channel
from notifier.notices.values import Template


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begin`` in the evening until ``end`` in the morning, or ``holiday_end`` on a holiday.

    ``channels`` are those that wake somebody. ``excepted`` templates go at any hour: whether there
    is electricity matters more than sleep.
    """

    begin: time
    end: time
    holiday_end: time
    holidays: AbstractSet[date]
    channels: AbstractSet[Channel]
    excepted: AbstractSet[Template]

    def until(
        self, now: datetime, *, zone: ZoneInfo, channel: Channel, template: Template
    ) -> datetime | None:
        """When the notice may go; none where it may go now.

        >>> night = QuietHours(
        ...     begin=time(22), end=time(7), holiday_end=time(10), holidays={date(2026, 10, 1)},
        ...     channels={Channel.SMS}, excepted={Template.SUPPLY_OFF},
        ... )
        >>> late = datetime(2026, 9, 30, 15, 30, tzinfo=UTC)  # half past eleven in Shanghai
        >>> low = Template.LOW_BALANCE
        >>> shanghai = ZoneInfo("Asia/Shanghai")
        >>> str(night.until(late, zone=shanghai, channel=Channel.SMS, template=low))
        '2026-10-01 02:00:00+00:00'
        """
        if channel not in self.channels or template in self.excepted:
            return None
        local = now.astimezone(zone)
        day = local.date()
        if local.time() >= self.begin:
            day += timedelta(days=1)
        elif local.time() >= self._ends(day):
            return None
        ends = datetime.combine(day, self._ends(day), tzinfo=zone).astimezone(UTC)
        # Where a clock change leaves that time out, it has come.
        return ends if ends > now else None

    def _ends(self, day: date) -> time:
        return self.holiday_end if day in self.holidays else self.end
