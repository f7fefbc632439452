"""A job: what a drafted run would change is worked out, some accounts a transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.pricing import Pricing, Pricings
from prepay_ledger.charging.split_charged import Cause, period_bill
from prepay_ledger.corrections.ports import Unit
from prepay_ledger.corrections.rules import figures_of, recharged
from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.debts.load_terms import load_terms
from prepay_ledger.debts.rules import split_all
from prepay_ledger.debts.values import BillCause, Standing
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.rating.part import Unrated
from prewatt_metering.tariffs.publishing import (
    Impact,
    PublicationRefused,
    Touched,
    check_correction,
    impact_of,
)

PREVIEWED_AT_ONCE = 200
"""Accounts."""
TOUCHED_AT_ONCE = 5_000
_NOBODY = impact_of(())


async def preview_some(*, unit: Unit, now: datetime) -> bool:
    """A portion of the oldest run whose preview is under way; False where there is none. What was
    worked out is kept with how far that is, so a crash costs one portion."""
    run = await unit.corrections.take(RunState.PREVIEWING)
    if run is None:
        return False
    if run.previewed_upto is None:
        await unit.corrections.forget_touched(run.id)
        run = replace(run, tariff_rows=await unit.corrections.tariff_rows(run.code), trouble=None)
    some = await unit.corrections.agreements(
        run.code, after_account=run.previewed_upto, accounts=PREVIEWED_AT_ONCE
    )
    try:
        touched = await _touched(unit, run, some, now=now)
    except (PublicationRefused, Unrated) as error:
        # It cannot be released as it is: a person reads why, and withdraws it.
        await unit.corrections.change(
            replace(run, state=RunState.PREVIEWED, previewed_upto=None, trouble=str(error))
        )
        return True
    await unit.corrections.add_touched(run.id, touched)
    if len({each.account_id for each in some}) == PREVIEWED_AT_ONCE:
        run = replace(run, previewed_upto=some[-1].account_id)
    else:
        impact = await impact_of_run(unit, run, balances_now=False)
        run = replace(
            run,
            state=RunState.PREVIEWED,
            previewed_upto=None,
            figures=figures_of(impact, made_at=now),
        )
    await unit.corrections.change(run)
    return True


async def impact_of_run(unit: Unit, run: CorrectionRun, *, balances_now: bool) -> Impact:
    """What the run's preview comes to, by the balances of then or of now."""
    impact, after = _NOBODY, None
    while True:
        some = await unit.corrections.touched(
            run.id, balances_now=balances_now, after=after, limit=TOUCHED_AT_ONCE
        )
        impact += impact_of(some)
        if len(some) < TOUCHED_AT_ONCE:
            return impact
        after = UUID(some[-1].account_id)


async def _touched(
    unit: Unit, run: CorrectionRun, some: Sequence[Agreement], *, now: datetime
) -> Sequence[Touched]:
    """By account: one may have had the tariff twice, and what its second agreement leaves of the
    balance rests on what its first took."""
    tariffs = await unit.tariffs.book()
    pricings, calendar = Pricings(tariffs), tariffs.calendar(run.code)
    corrected = check_correction(book=tariffs.book(run.code), version=run.version)
    after, today = Pricing(corrected, calendar), calendar.day_of(us_of(now))
    states = await unit.charging.all_periods([each.id for each in some])
    account_ids = {each.account_id for each in some}
    balances = await unit.corrections.balances(account_ids)
    terms = await load_terms(unit, account_ids, at=now)
    standings = await unit.debts.standings([each.id for each in some])
    cause = Cause(BillCause.TARIFF, our_fault=run.our_fault)
    found: dict[UUID, Touched] = {}
    for each in some:
        result = recharged(
            agreement=each,
            version=run.version,
            before=pricings[each.book],
            after=after,
            states=states.get(each.id, {}),
            today=today,
        )
        if result is None:
            continue
        known = found.get(each.account_id) or Touched(
            account_id=str(each.account_id),
            balance_micro=balances[each.account_id],
            charge_micro=0,
            new_charge_micro=0,
        )
        bills = [period_bill(one, cause, billed_on=now.date()) for one in result.changed]
        parts = split_all(
            [(one.bill, standings.get(one.origin, Standing())) for one in bills],
            terms[each.account_id],
            spare_micro=known.new_balance_micro - result.due_micro - 1,
        )
        found[each.account_id] = replace(
            known,
            balance_micro=known.balance_micro - result.due_micro,
            charge_micro=known.charge_micro + result.charge_micro,
            new_charge_micro=known.new_charge_micro + result.new_charge_micro,
            apart_micro=known.apart_micro
            + sum(one.reopened_micro + one.debt_micro + one.barred_micro for one in parts),
        )
    return list(found.values())
