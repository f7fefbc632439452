"""What accounts will probably spend: by statements whose number does not depend on how many there
are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.pricing import PricingsOfNow
from prepay_ledger.forecasts.ports import Unit
from prepay_ledger.forecasts.rules import HOURS_DAYS, TariffDays, forecast_of
from prepay_ledger.forecasts.values import Made, NotKnown, Use
from prewatt_common.contracts.supply_policy_v1 import DEFAULT_CLASS
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.forecast.profile import HISTORY_DAYS
from prewatt_metering.registers.spans import Span

_MARGIN_DAYS = 2
"""Zones differ, and so do posting days from days of use."""


class DaysOfNow:
    """The days ahead of all tariffs, made anew only when tariffs or the policy are others."""

    def __init__(self) -> None:
        self._pricings = PricingsOfNow()
        self._days: TariffDays | None = None
        self._policy = -1

    async def of(self, unit: Unit, *, now: datetime) -> TariffDays:
        """As the transaction sees them."""
        pricings = self._pricings.of(await unit.tariffs.book())
        policy = (await unit.policies.book()).in_force(DEFAULT_CLASS, at=now)
        if (
            self._days is None
            or self._days.pricings is not pricings
            or policy.number != self._policy
        ):
            holidays = frozenset(policy.calendar.public_holidays if policy.calendar else ())
            self._days, self._policy = TariffDays(pricings, holidays, {}), policy.number
        return self._days


async def make_forecasts(
    unit: Unit,
    account_ids: Sequence[UUID],
    *,
    tariffs: TariffDays,
    now: datetime,
    ahead_days: int,
) -> Mapping[UUID, Made | NotKnown]:
    """Of each of the accounts. Raises where what is stored of one cannot be."""
    today = now.date()
    agreements = _current(await unit.charging.agreements_of(account_ids), tariffs, now)
    periods = await _periods(unit, agreements.values(), tariffs)
    use = await unit.forecasts.used(
        account_ids,
        first=today - timedelta(days=HISTORY_DAYS + _MARGIN_DAYS),
        hours_first=today - timedelta(days=HOURS_DAYS + _MARGIN_DAYS),
    )
    meter_ids = [meter_id for each in use.values() for meter_id in each.meter_ids]
    relay_open = await unit.relays.relay_open(meter_ids)
    return {
        account_id: forecast_of(
            account_id=account_id,
            agreement=agreements.get(account_id),
            periods=_of(agreements.get(account_id), periods),
            use=use[account_id],
            relay_open=_open(use[account_id], relay_open),
            tariffs=tariffs,
            now_us=us_of(now),
            ahead_days=ahead_days,
        )
        for account_id in account_ids
    }


def _current(
    agreements: Collection[Agreement], tariffs: TariffDays, now: datetime
) -> dict[UUID, Agreement]:
    found: dict[UUID, Agreement] = {}
    for each in agreements:
        pricing = tariffs.pricings[each.book]
        if each.covers(pricing.calendar.day_of(us_of(now))):
            found[each.account_id] = each
    return found


async def _periods(
    unit: Unit, agreements: Collection[Agreement], tariffs: TariffDays
) -> Mapping[UUID, Mapping[date, PeriodState]]:
    annual = [each.id for each in agreements if tariffs.pricings[each.book].has_annual_blocks]
    others = [each.id for each in agreements if not tariffs.pricings[each.book].has_annual_blocks]
    found = dict(await unit.charging.periods(others, ())) if others else {}
    return found | dict(await unit.charging.all_periods(annual)) if annual else found


def _of(
    agreement: Agreement | None, periods: Mapping[UUID, Mapping[date, PeriodState]]
) -> Mapping[date, PeriodState]:
    return {} if agreement is None else periods.get(agreement.id, {})


def _open(use: Use, relay_open: Mapping[str, Sequence[Span]]) -> list[Span]:
    return [span for meter_id in use.meter_ids for span in relay_open.get(meter_id, ())]
