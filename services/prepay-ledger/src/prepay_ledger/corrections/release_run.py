"""Use case: a person releases a correction run, and its version counts from then on."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.corrections.draft_run import check_version, known_run
from prepay_ledger.corrections.ports import Unit
from prepay_ledger.corrections.preview_runs import impact_of_run
from prepay_ledger.corrections.refusals import CorrectionRefused
from prepay_ledger.corrections.rules import figures_of, out_of_date
from prepay_ledger.corrections.values import CorrectionRun, Figures, RunState
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.tariffs.values import Published
from prewatt_common.contracts.ledger_facts_v1 import TariffCorrected
from prewatt_common.refusals import NeedsSecondPerson
from prewatt_metering.tariffs.document import canonical


async def release_run(
    *, unit: Unit, run_id: UUID, decided: Decided
) -> tuple[CorrectionRun, str | None]:
    """The run as it stands now; and, where what was shown of it holds no more, why: it is worked
    out again then, and nothing was released. The same again changes nothing. Raises `UnknownRun`,
    `CorrectionRefused`, `NeedsSecondPerson`."""
    run = await known_run(unit, run_id)
    if run.correction is not None:
        return run, None
    _check_state(run)
    impact = await impact_of_run(unit, run, balances_now=True)
    figures = figures_of(impact, made_at=decided.at)
    # From here on nobody publishes, corrects or agrees by the book that is about to change.
    await unit.tariffs.lock()
    why = out_of_date(
        run,
        figures=figures,
        tariff_rows=await unit.corrections.tariff_rows(run.code),
        now=decided.at,
    )
    if why is not None:
        run = replace(run, state=RunState.PREVIEWING, previewed_upto=None, figures=None)
        await unit.corrections.change(run)
        return run, why
    _check_person(run, figures, decided)
    other = await unit.corrections.released(run.code)
    if other is not None:
        message = (
            f"tariff {run.code} is being corrected by run {other}; release this one when that is"
            " done"
        )
        raise CorrectionRefused(message)
    await check_version(unit, run.version)
    return await _release(unit, run, decided), None


def _check_state(run: CorrectionRun) -> None:
    if run.state is RunState.WITHDRAWN:
        message = f"correction run {run.id} was withdrawn; draft another one"
        raise CorrectionRefused(message)
    if run.state is RunState.PREVIEWING:
        message = f"what correction run {run.id} changes is being worked out; look at it first"
        raise CorrectionRefused(message)
    if run.trouble is not None:
        message = f"correction run {run.id} cannot be carried out: {run.trouble}"
        raise CorrectionRefused(message)


def _check_person(run: CorrectionRun, figures: Figures, decided: Decided) -> None:
    if figures.needs_second_person and decided.by == run.drafted.by:
        message = (
            f"{figures.newly_negative} of {figures.accounts} accounts would fall below zero: "
            f"somebody else than {run.drafted.by}, who drafted it, must release it"
        )
        raise NeedsSecondPerson(message)


async def _release(unit: Unit, run: CorrectionRun, decided: Decided) -> CorrectionRun:
    correction = (await unit.tariffs.book()).corrections(run.code) + 1
    await unit.tariffs.add(
        Published(
            version=run.version,
            correction=correction,
            published_by=decided.by,
            reason=run.drafted.reason,
            published_at=decided.at,
        )
    )
    event = TariffCorrected(
        run_id=run.id,
        correction=correction,
        tariff_code=run.code,
        valid_from=run.valid_from,
        currency=run.version.currency,
        document=canonical(run.version).decode(),
        drafted_by=run.drafted.by,
        drafted_reason=run.drafted.reason,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
        our_fault=run.our_fault,
    )
    await tell(unit, [(run.code, str(run.id), event)], decided)
    run = replace(run, state=RunState.RELEASED, correction=correction, released=decided)
    await unit.corrections.change(run)
    return run
