"""Forecasts over HTTP. Money: integer micro-units; energy: integer Wh; instants in UTC."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from prepay_ledger.forecasts.values import Forecast, NotKnown
from prepay_ledger.policies.values import HoldReason
from prewatt_metering.calendar.instants import instant_of

_EXAMPLE: dict[str, JsonValue] = {
    "account_id": "0199f6a0-3c5e-7d41-8e7a-0d2f6b1c9a34",
    "currency": "CNY",
    "balance_micro": 42_500_000,
    "left_micro": 42_500_000,
    "not_known": None,
    "as_of": "2026-12-03T07:00:00Z",
    "timezone": "Asia/Shanghai",
    "ends": {
        "p10": "2026-12-05T14:00:00Z",
        "p50": "2026-12-06T11:00:00Z",
        "p90": "2026-12-08T02:00:00Z",
    },
    "cut_from": "2026-12-07T01:00:00Z",
    "held_by": ["day_off"],
    "buy_by": "2026-12-04T10:00:00Z",
    "basis": {
        "first_day": "2026-10-08",
        "last_day": "2026-12-02",
        "measured_days": 54,
        "spread_days": 2,
        "day_wh": 8_450,
        "days_ahead": 92,
    },
}


class EndsOut(BaseModel):
    """By then money will have ended with a probability of 10, 50 and 90 percent; null: not within
    the days that were looked at."""

    p10: datetime | None
    p50: datetime | None
    p90: datetime | None


class BasisOut(BaseModel):
    """The household's own days that it rests on. ``measured_days``: those that its meter told of;
    ``spread_days``: those that have a share of what was used in a silence. ``day_wh``: what a day
    uses of late."""

    first_day: date
    last_day: date
    measured_days: int
    spread_days: int
    day_wh: int
    days_ahead: int


class ForecastOut(BaseModel):
    """When the account's money will probably end. ``not_known``: why nobody knows; then nothing is
    said. ``left_micro``: what may be used until the cut. ``as_of``: the reading up to which the
    balance knows of use. ``cut_from``: a cut may come from then on, by the calendar, if money ends
    at p10; ``held_by``: what holds it until then; ``buy_by``: money had better be there by then."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    account_id: UUID
    currency: str
    balance_micro: int
    left_micro: int
    not_known: NotKnown | None = None
    as_of: datetime | None = None
    timezone: str | None = None
    ends: EndsOut | None = None
    cut_from: datetime | None = None
    held_by: list[HoldReason] = []
    buy_by: datetime | None = None
    basis: BasisOut | None = None


def forecast_out(forecast: Forecast, *, days_ahead: int) -> ForecastOut:
    """As it is told."""
    account = forecast.account
    said = ForecastOut(
        account_id=account.id,
        currency=account.currency,
        balance_micro=account.balance_micro,
        left_micro=forecast.left_micro,
        not_known=forecast.not_known,
    )
    made, ends = forecast.made, forecast.ends
    if made is None or ends is None:
        return said
    said.as_of, said.timezone = instant_of(made.as_of_us), made.timezone
    said.ends = EndsOut(p10=_at(ends.p10_us), p50=_at(ends.p50_us), p90=_at(ends.p90_us))
    said.basis = BasisOut(
        first_day=made.profile.first_day,
        last_day=made.profile.last_day,
        measured_days=made.profile.measured_days,
        spread_days=made.profile.spread_days,
        day_wh=round(made.profile.day_wh),
        days_ahead=days_ahead,
    )
    if forecast.openings is not None:
        said.cut_from = forecast.openings.cut_from
        said.held_by = list(forecast.openings.held_by)
        said.buy_by = forecast.openings.buy_by
    return said


def _at(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
