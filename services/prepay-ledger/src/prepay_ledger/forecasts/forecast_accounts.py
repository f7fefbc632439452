"""A job: what every account will probably spend is forecast once a day, and kept."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prometheus_client import Counter, Gauge

from prepay_ledger.forecasts.make_forecasts import DaysOfNow, make_forecasts
from prepay_ledger.forecasts.ports import OpenUnit, Unit
from prepay_ledger.forecasts.values import Kept, Made, UnderWay
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar

logger = logging.getLogger(__name__)

FORECASTS = Counter(
    "prewatt_ledger_forecasts_total",
    "Accounts of the daily run of forecasts: made, not known, or odd: what is stored of them "
    "raised.",
    ("outcome",),
)
FORECAST_DAYS_BEHIND = Gauge(
    "prewatt_ledger_forecast_days_behind",
    "Days since the last daily run of forecasts that ended; 0 where today's did.",
)
ACCOUNTS_AT_ONCE = 50
"""A fifth of a second."""
KEPT_DAYS = 32
"""The rest of the day, and as many days as a policy may warn ahead."""
AFTER_MIDNIGHT = timedelta(hours=1)
"""By then the last readings of the day before are there, but for late ones."""
IDLE_S = 30.0


class ForecastAccounts:
    """Forecasts some accounts each time it is called. How far it came is in the database, in the
    transaction of what it kept: after a crash, or in another replica, it goes on from there."""

    def __init__(self, *, open_unit: OpenUnit, timezone: ZoneInfo, clock: Clock) -> None:
        self._open_unit = open_unit
        self._calendar = LocalCalendar(timezone)
        self._clock = clock
        self._days = DaysOfNow()

    async def __call__(self) -> float | None:
        """None where there are more; else after how many seconds to ask again."""
        now = self._clock()
        due = self._calendar.day_of(us_of(now - AFTER_MIDNIGHT))
        async with self._open_unit() as unit:
            under_way = await unit.forecasts.begin(due)
            if under_way is not None:
                await self._some(unit, under_way, now)
            done = await unit.forecasts.run_day()
        FORECAST_DAYS_BEHIND.set(0 if done is None else max(0, (due - done).days))
        return IDLE_S if under_way is None else None

    async def _some(self, unit: Unit, under_way: UnderWay, now: datetime) -> None:
        account_ids = await unit.forecasts.portion(after=under_way.after, limit=ACCOUNTS_AT_ONCE)
        tariffs = await self._days.of(unit, now=now)
        made: list[Made] = []
        forgotten: list[UUID] = []

        async def forecast(some: Sequence[UUID]) -> None:
            found = await make_forecasts(unit, some, tariffs=tariffs, now=now, ahead_days=KEPT_DAYS)
            made.extend(each for each in found.values() if isinstance(each, Made))
            forgotten.extend(
                account_id for account_id, each in found.items() if not isinstance(each, Made)
            )

        # What was forecast of the odd ones is forgotten too: it grows old.
        odd = await odd_among(account_ids, forecast)
        for account_id, error in odd:
            forgotten.append(account_id)
            logger.error(
                "account %s cannot be forecast: %s", account_id, in_words(error), exc_info=error
            )
        await unit.forecasts.keep(Kept(made, forgotten, now))
        is_last = len(account_ids) < ACCOUNTS_AT_ONCE
        await unit.forecasts.go_on(None if is_last else account_ids[-1])
        FORECASTS.labels("made").inc(len(made))
        FORECASTS.labels("odd").inc(len(odd))
        FORECASTS.labels("not_known").inc(len(forgotten) - len(odd))
