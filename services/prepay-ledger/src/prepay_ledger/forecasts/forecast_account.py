"""Use case: when the money of one account will probably end, as of now."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.rules import is_bridging, is_paused, keep_above_micro
from prepay_ledger.forecasts.instalments import dues_of, with_instalments
from prepay_ledger.forecasts.make_forecasts import DaysOfNow, make_forecasts
from prepay_ledger.forecasts.ports import Unit
from prepay_ledger.forecasts.values import Forecast, Made, NotKnown
from prepay_ledger.policies.in_force import concerning
from prepay_ledger.policies.openings import Openings, openings
from prepay_ledger.prepay_agreements.load_policy import load_policy
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.run_out import CostsAhead, RunOut, run_out

AHEAD_DAYS = 92
"""The rest of today, and three months: farther nobody looks."""


async def forecast_account(
    unit: Unit, account_id: UUID, *, days: DaysOfNow, zone: ZoneInfo, now: datetime
) -> Forecast:
    """Raises `UnknownAccount`. ``zone``: the utility's, in which calendars are read."""
    account = await unit.balances.account(account_id)
    if account is None:
        message = f"there is no account {account_id}"
        raise UnknownAccount(message)
    left_micro = account.left_micro
    if account.mode is not Mode.PREPAY:
        return Forecast(account=account, left_micro=left_micro, not_known=NotKnown.POST_PAID)
    tariffs = await days.of(unit, now=now)
    made = (
        await make_forecasts(unit, [account_id], tariffs=tariffs, now=now, ahead_days=AHEAD_DAYS)
    )[account_id]
    if isinstance(made, NotKnown):
        return Forecast(account=account, left_micro=left_micro, not_known=made)
    made = replace(made, costs=await _with_debts(unit, account, made, now=now))
    # What was used since the last reading is in no balance yet.
    found = run_out(made.costs, left_micro=left_micro, now_us=made.as_of_us)
    ends = RunOut(
        **{
            name: None if at is None else max(at, us_of(now))
            for name, at in (
                ("p10_us", found.p10_us),
                ("p50_us", found.p50_us),
                ("p90_us", found.p90_us),
            )
        }
    )
    return Forecast(
        account=account,
        left_micro=left_micro,
        made=made,
        ends=ends,
        openings=await _openings(unit, account_id, ends, zone=zone, now=now),
    )


async def _with_debts(unit: Unit, account: Account, made: Made, *, now: datetime) -> CostsAhead:
    """What the debts' instalments will take of the balance, too; nothing while they rest."""
    debts = await unit.debts.lock_of(account.id)
    if not debts:
        return made.costs
    terms = (await load_terms(unit, [account.id], at=now))[account.id]
    if is_paused(account.supply_state, terms) or is_bridging(account, terms):
        return made.costs
    back_at = (await unit.debts.supply_back_at([account.id])).get(account.id)
    dues = dues_of(
        debts,
        calendar=LocalCalendar(made.timezone),
        now=now,
        not_before=None if back_at is None else back_at + timedelta(days=terms.days_after_return),
        days_ahead=AHEAD_DAYS,
    )
    return with_instalments(
        made.costs,
        dues,
        balance_micro=account.balance_micro,
        keep_above_micro=keep_above_micro(account, terms),
    )


async def _openings(
    unit: Unit, account_id: UUID, ends: RunOut, *, zone: ZoneInfo, now: datetime
) -> Openings | None:
    if ends.p10_us is None:
        return None
    policy = await load_policy(unit, account_id, at=now)
    declared = await unit.protected_periods.declared(now=now)
    areas = await unit.supply.areas([account_id], now=now)
    return openings(
        policy,
        ends_at=instant_of(ends.p10_us),
        now=now,
        zone=zone,
        declared=concerning(declared, areas.get(account_id, frozenset())),
    )
