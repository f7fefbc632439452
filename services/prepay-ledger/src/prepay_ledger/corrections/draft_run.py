"""Use cases: a person drafts a correction run, and withdraws it."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.corrections.ports import Unit
from prepay_ledger.corrections.refusals import CorrectionRefused, UnknownRun
from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.facts.values import Decided
from prepay_ledger.tariffs.publish_tariff import check_rated
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.publishing import PublicationRefused, check_correction


async def draft_run(
    *, unit: Unit, version: TariffVersion, decided: Decided, our_fault: bool = False
) -> CorrectionRun:
    """A run that replaces the document of the tariff's version of that day; nothing changes before
    it is released. Raises `CorrectionRefused`, `TariffRefused` or `UnknownTariff`."""
    tariff_rows = await unit.corrections.tariff_rows(version.code)
    await check_version(unit, version)
    run = CorrectionRun(
        id=new_id(),
        state=RunState.PREVIEWING,
        version=version,
        drafted=decided,
        tariff_rows=tariff_rows,
        our_fault=our_fault,
    )
    await unit.corrections.add(run)
    return run


async def check_version(unit: Unit, version: TariffVersion) -> None:
    """Raises `CorrectionRefused`, `TariffRefused` or `UnknownTariff` where the version cannot take
    the place of the one of its day."""
    book = (await unit.tariffs.book()).book(version.code)
    try:
        corrected = check_correction(book=book, version=version)
    except PublicationRefused as error:
        raise CorrectionRefused(str(error)) from error
    await check_rated(unit, version, corrected)


async def withdraw_run(*, unit: Unit, run_id: UUID, decided: Decided) -> CorrectionRun:
    """The run is not to be released any more; the same again changes nothing. Raises `UnknownRun`,
    or `CorrectionRefused` for one that was released: what that did is put right by another run."""
    run = await known_run(unit, run_id)
    if run.state is RunState.WITHDRAWN:
        return run
    if run.correction is not None:
        message = (
            f"correction run {run_id} was released and cannot be withdrawn; draft another one with"
            " the document that is right"
        )
        raise CorrectionRefused(message)
    run = replace(run, state=RunState.WITHDRAWN, withdrawn=decided)
    await unit.corrections.change(run)
    return run


async def known_run(unit: Unit, run_id: UUID) -> CorrectionRun:
    """The run, locked. Raises `UnknownRun`."""
    run = await unit.corrections.lock(run_id)
    if run is None:
        message = f"there is no correction run {run_id}"
        raise UnknownRun(message)
    return run
