"""A town whose meters are looked at once a day."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger_town import COUNT, Town

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.looks.look_at_meters import LookAtMeters
from prewatt_common.clock import utc_now
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

BACK_DAYS = 40
DAY = timedelta(days=1)
HOUR_WH = 100
NONE_WHILE_CLOSED_DAYS = 3
ENDS = ("begin_us", "end_us")


class Watched(Town):
    """Days go by: readings come on their day, every hour; it is turned and sealed, and at three of
    the next morning the meters are looked at."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.begin -= DAY * (BACK_DAYS - 20)
        self.days = 0

    async def settle(self, day: date) -> None:
        """Readings of some weeks ago are charged to balances, whatever month it is."""
        await super().settle(day)
        await self.says(apart_after_days=3_660)

    @property
    def day(self) -> date:
        """The day that is lived next."""
        return self.begin.date() + DAY * self.days

    def at(self, day: int, hour: float = 0) -> datetime:
        return self.begin + DAY * day + timedelta(hours=hour)

    async def came(self, number: int, *readings: tuple[int, int, int]) -> None:
        """(day, hour, Wh) of a meter, now."""
        await self._charge(
            {f"m{number}": [Reading(us_of(self.at(d, h)), wh) for d, h, wh in readings]}
        )

    async def live(self, *, silent: Collection[int] = ()) -> None:
        """A day, until it is sealed."""
        by_meter = {
            f"m{number}": [
                Reading(us_of(self.at(self.days, hour)), (24 * self.days + hour) * HOUR_WH)
                for hour in range(1, 24)
            ]
            for number in range(COUNT)
            if number not in silent
        }
        if by_meter:
            await self._charge(by_meter)
        await self.turn(self.day + DAY)
        await self.closing(utc_now)()
        self.days += 1

    async def _charge(self, by_meter: dict[str, list[Reading]]) -> None:
        async with self.unit() as unit:
            await charge_readings(
                unit=unit,
                by_meter=by_meter,
                pricings=Pricings(await unit.tariffs.book()),
                partition=0,
                now=self.now,
            )

    def looking(self, open_unit=None) -> LookAtMeters:
        return LookAtMeters(
            open_unit=open_unit or self.unit,
            timezone=ZoneInfo("UTC"),
            silence_borne=DAY,
            none_while_closed_days=NONE_WHILE_CLOSED_DAYS,
            clock=lambda: self.at(self.days, 3),
        )

    async def look(self, looking: LookAtMeters | None = None) -> None:
        """Until nothing is left."""
        looking = looking or self.looking()
        while await looking() is None:
            pass

    async def noticed(self) -> list[tuple[str, str, int, int]]:
        """Meter, check, and the hours since the beginning at which it begins and ends."""
        rows = await self.sql(
            "SELECT meter_id, check_id, begin_us, end_us FROM finding ORDER BY 1, 3, 2, number"
        )
        begin_us = us_of(self.begin)
        return [
            (r["meter_id"], r["check_id"], *((r[e] - begin_us) // 3_600_000_000 for e in ENDS))
            for r in rows
        ]
