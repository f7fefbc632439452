"""What a correction changes of an agreement, and when a preview says so no more: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from prepay_ledger.charging.charge_agreement import (
    Charged,
    PeriodState,
    charge_agreement,
    charge_period,
    year_before,
)
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.pricing import Pricing
from prepay_ledger.corrections.values import CorrectionRun, Figures
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.publishing import Impact

PREVIEW_GOOD_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recharged:
    """An agreement by the corrected version, in micro-units, in the periods that it rates.

    ``due_micro``: what time alone owes by now that is not charged yet, and is before a run comes to
    the agreement.
    """

    due_micro: int
    charge_micro: int
    new_charge_micro: int
    changed: Sequence[Charged]
    """The periods whose charge would differ."""


def recharged(
    *,
    agreement: Agreement,
    version: TariffVersion,
    before: Pricing,
    after: Pricing,
    states: Mapping[date, PeriodState],
    today: date,
) -> Recharged | None:
    """What the agreement is charged by ``before`` and by ``after``, in which ``version`` stands in
    place of another; none where it has no period of it. ``states``: every stored period, by first
    day. Raises `Unrated`."""
    due = charge_agreement(
        agreement=agreement,
        pricing=before,
        states=states,
        delta={},
        last_read_us=None,
        today=today,
    )
    now = dict(states) | {each.state.period.first: each.state for each in due}
    touched = [
        state
        for state in now.values()
        if any(each is version for each, _ in after.book.parts_of(state.period))
    ]
    if not touched:
        return None
    annual = after.has_annual_blocks
    anew = [
        charge_period(
            state,
            agreement,
            after,
            today=today,
            year_before_wh=year_before(now.values(), state.period) if annual else None,
        )
        for state in touched
    ]
    return Recharged(
        due_micro=sum(each.delta_micro for each in due),
        charge_micro=sum(state.total_micro for state in touched),
        new_charge_micro=sum(each.state.total_micro for each in anew),
        changed=[each for each in anew if each.delta_micro],
    )


def figures_of(impact: Impact, *, made_at: datetime) -> Figures:
    """What is kept and shown of a preview."""
    return Figures(
        accounts=impact.accounts,
        dearer=impact.dearer,
        cheaper=impact.cheaper,
        difference_micro=impact.difference_micro,
        apart_micro=impact.apart_micro,
        newly_negative=len(impact.newly_negative),
        needs_second_person=impact.needs_second_person,
        made_at=made_at,
    )


def out_of_date(
    run: CorrectionRun, *, figures: Figures, tariff_rows: int, now: datetime
) -> str | None:
    """Why what was shown of the run may not be released, in words; none where it may. ``figures``:
    what it comes to by the balances of now."""
    shown = run.figures
    assert shown is not None, "only what was shown can be out of date"
    if tariff_rows != run.tariff_rows:
        return f"tariff {run.code} has other versions since"
    if now - shown.made_at > PREVIEW_GOOD_FOR:
        return f"it was made at {shown.made_at:%Y-%m-%d %H:%M} UTC, more than an hour ago"
    if shown.needs_second_person != figures.needs_second_person or (
        figures.newly_negative and not shown.newly_negative
    ):
        return (
            f"{shown.newly_negative} of {shown.accounts} accounts would have fallen below zero "
            f"then, {figures.newly_negative} would now"
        )
    return None
