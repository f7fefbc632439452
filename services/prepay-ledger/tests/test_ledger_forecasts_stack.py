"""When money ends, on PostgreSQL: readings in, forecast out, a warning by days left told once."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from ledger_devices import publish
from ledger_owing import Owing
from ledger_town import COUNT, REVIEW, Dying, Killed
from ledger_watched import HOUR_WH, Watched
from prometheus_client import REGISTRY

from prepay_ledger.forecasts import forecast_accounts
from prepay_ledger.forecasts.forecast_account import forecast_account
from prepay_ledger.forecasts.forecast_accounts import ForecastAccounts
from prepay_ledger.forecasts.make_forecasts import DaysOfNow
from prepay_ledger.forecasts.values import Forecast, NotKnown
from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.forecast.run_out import Course

pytestmark = pytest.mark.stack

UTC_ZONE = ZoneInfo("UTC")
DAY_WH = 24 * HOUR_WH


class Foreseen(Watched):
    """Days go by as in `Watched`; at three in the morning all accounts are forecast."""

    def forecasting(self, open_unit: Any = None) -> ForecastAccounts:
        return ForecastAccounts(
            open_unit=open_unit or self.unit,
            timezone=UTC_ZONE,
            clock=lambda: self.at(self.days, 3),
        )

    async def foresee(self, forecasting: ForecastAccounts | None = None) -> None:
        """Until nothing is left."""
        forecasting = forecasting or self.forecasting()
        while await forecasting() is None:
            pass

    async def forecast(self, number: int = 0, *, hour: float = 3) -> Forecast:
        (row,) = await self.sql("SELECT id FROM account WHERE number = $1", f"town-{number}")
        async with self.unit() as unit:
            return await forecast_account(
                unit, row["id"], days=DaysOfNow(), zone=UTC_ZONE, now=self.at(self.days, hour)
            )

    async def kept(self) -> dict[str, int]:
        """By account, on how many days its forecast rests."""
        rows = await self.sql(
            "SELECT a.number, f.measured_days FROM forecast AS f JOIN account AS a "
            "ON a.id = f.account_id"
        )
        return {row["number"]: row["measured_days"] for row in rows}


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Foreseen]:
    made = Foreseen(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


async def weeks(town: Foreseen, days: int = 16, *, silent: Any = ()) -> None:
    """They pass, and all their readings come at once."""
    first = 24 * town.days
    town.days += days
    for number in set(range(COUNT)) - set(silent):
        hours = [hour for hour in range(first + 1, 24 * town.days) if hour % 24]
        await town.came(number, *((0, hour, hour * HOUR_WH) for hour in hours))


async def test_readings_in_forecast_out(town: Foreseen) -> None:
    await weeks(town)
    found = await town.forecast()
    assert found.not_known is None
    assert found.made is not None
    # The last reading is of 23:00, and the day before it is the last whole one.
    assert found.made.as_of_us == us_of(town.at(town.days - 1, 23))
    assert found.made.profile.measured_days == 15
    assert found.made.profile.day_wh == pytest.approx(DAY_WH)
    assert found.ends is not None
    # Money for ten days at the price of the tariff, by the very rater that charges.
    micro = found.made.costs.until(us_of(town.at(town.days + 10)), Course.MIDDLE)
    assert micro is not None
    account = found.account
    await town.sql("UPDATE account SET balance_micro = $2 WHERE id = $1", account.id, micro)
    again = await town.forecast()
    assert again.ends is not None
    assert again.ends.p50_us == us_of(town.at(town.days + 10))
    assert again.ends.p10_us is not None
    assert again.ends.p10_us <= again.ends.p50_us
    assert again.openings is not None
    assert again.openings.held_by == ()


class Indebted(Foreseen, Owing):
    """The first account owes something, too."""


async def test_an_instalment_brings_the_end_nearer(own_database_url: str) -> None:
    town = Indebted(own_database_url)
    await town.settle(town.begin.date())
    await weeks(town)
    found = await town.forecast()
    assert found.made is not None
    micro, five_days_micro = (
        found.made.costs.until(us_of(town.at(town.days + days)), Course.MIDDLE) for days in (40, 5)
    )
    assert five_days_micro is not None
    account_id = await town.owe(micro=five_days_micro)
    await town.sql("UPDATE account SET balance_micro = $2 WHERE id = $1", account_id, micro)
    before = await town.forecast()
    (debt,) = await town.debts()
    await town.plan(debt.id, 1, first_due=town.today)
    after = await town.forecast()
    assert before.ends is not None
    assert after.ends is not None
    assert before.ends.p50_us is not None
    assert after.ends.p50_us is not None
    nearer_us = before.ends.p50_us - after.ends.p50_us
    # Blocks make later days dearer, so that fewer of them are paid by as much.
    assert 3 * 24 * HOUR_US <= nearer_us <= 5 * 24 * HOUR_US
    # Of a balance that stays above so much it is not taken: the customer would be warned for it.
    await town.sql("UPDATE account SET low_balance_micro = $2 WHERE id = $1", account_id, micro)
    again = await town.forecast()
    assert again.ends is not None
    assert again.ends.p50_us == before.ends.p50_us
    await town.database.close()


async def test_what_is_not_known_is_said_with_the_reason(town: Foreseen) -> None:
    assert (await town.forecast()).not_known is NotKnown.NO_READINGS
    await weeks(town, 5)
    assert (await town.forecast()).not_known is NotKnown.FEW_DAYS
    await weeks(town, 11, silent=(0,))
    assert (await town.forecast()).not_known is NotKnown.SILENT
    assert (await town.forecast(1)).not_known is None
    await town.foresee()
    assert set(await town.kept()) == {f"town-{n}" for n in range(1, 7)}


async def test_a_day_s_run_does_all_once_and_forgets_what_is_not_known_any_more(
    town: Foreseen,
) -> None:
    await weeks(town)
    await town.foresee()
    assert await town.kept() == {f"town-{n}": 15 for n in range(7)}
    assert await town.forecasting()() is not None, "nothing is due before tomorrow"
    await weeks(town, 8, silent=(3,))
    await town.foresee()
    assert set(await town.kept()) == {f"town-{n}" for n in (0, 1, 2, 4, 5, 6)}


async def test_a_run_that_dies_goes_on_after_what_was_kept(
    town: Foreseen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_accounts, "ACCOUNTS_AT_ONCE", 3)
    await weeks(town)
    dying = Dying(town, after=1, inside=True)
    with pytest.raises(Killed):
        await town.foresee(town.forecasting(dying))
    assert len(await town.kept()) == 3
    await town.foresee()
    assert len(await town.kept()) == 7


async def test_one_odd_account_stops_nobody(town: Foreseen) -> None:
    await weeks(town)
    await town.sql("UPDATE meter_state SET today = '\\x07'::bytea WHERE meter_id = 'm2'")
    before = REGISTRY.get_sample_value("prewatt_ledger_forecasts_total", {"outcome": "odd"}) or 0
    await town.foresee()
    assert set(await town.kept()) == {f"town-{n}" for n in (0, 1, 3, 4, 5, 6)}
    after = REGISTRY.get_sample_value("prewatt_ledger_forecasts_total", {"outcome": "odd"})
    assert after == before + 1


async def test_a_warning_by_days_left_goes_by_the_forecast_and_is_told_once(
    town: Foreseen,
) -> None:
    await weeks(town)
    await town.foresee()
    now = town.at(town.days, 4)
    (row,) = await town.sql("SELECT id FROM account WHERE number = 'town-0'")
    async with town.unit() as unit:
        costs = (await unit.used.forecasts([row["id"]], now=now))[row["id"]].costs
    # From four in the morning on three days' money lasts into the small hours, or would.
    left_micro = costs.within(now_us=us_of(now), ahead_us=70 * HOUR_US, course=Course.MIDDLE)
    assert left_micro is not None
    async with town.unit() as unit:
        hours = [{"begin": "00:00", "end": "09:00"}]
        await publish(
            unit,
            {
                "calendars": {"nights": {"friendly_hours": hours}},
                "default": {"calendar": "nights", "warnings": {"days_left": [3]}},
            },
            at=now,
        )

    async def review(balance_micro: int, hours: float = 0) -> list[dict[str, Any]]:
        at = now + timedelta(hours=hours)
        await town.sql(
            "UPDATE account SET balance_micro = $2 WHERE id = $1", row["id"], balance_micro
        )
        async with town.unit() as unit:
            await REVIEW(unit, [row["id"]], now=at, caused_at=at)
        rows = await town.sql("SELECT value FROM outbox ORDER BY id")
        return [
            each
            for each in (msgspec.json.decode(row["value"]) for row in rows)
            if each.get("warned_by") == "days_left"
        ]

    assert await review(2 * left_micro) == []
    (told,) = await review(left_micro)
    assert told["measure"] == 3
    assert left_micro < told["threshold_micro"] < 1.2 * left_micro
    assert told["ends"]["timezone"] == "UTC"
    p10, p50 = (msgspec.convert(told["ends"][name], datetime) for name in ("p10", "p50"))
    assert now < p10 <= p50
    # In these nobody is cut: until nine. The last opening before them ends at midnight.
    assert abs(p50 - town.at(town.days + 3, 2)) < timedelta(seconds=1)
    assert msgspec.convert(told["ends"]["cut_from"], datetime) == town.at(town.days + 3, 9)
    assert msgspec.convert(told["ends"]["buy_by"], datetime) == town.at(town.days + 3)
    for hours in (1, 2, 20):
        assert len(await review(left_micro - 1_000, hours)) == 1
