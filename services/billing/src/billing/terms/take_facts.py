"""Use case: facts as the ledger tells of them, in any order; what they touch has moved."""

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeAlias, TypeVar
from uuid import UUID

from billing.marks.ports import Marks
from billing.marks.values import Moved
from billing.terms.facts import agreement_of, edit_of, installation_of, meter_of, tariff_of
from billing.terms.ports import TermStore
from billing.terms.values import PublishedTariff
from prewatt_common.contracts.ledger_facts_v1 import (
    AgreementSet,
    InstallationSet,
    MeterRegistered,
    ReadingEdited,
    TariffCorrected,
    TariffCorrectionCompleted,
    TariffPublished,
)
from prewatt_common.kafka.decoding import Delivered

Fact: TypeAlias = (
    TariffPublished
    | TariffCorrected
    | TariffCorrectionCompleted
    | AgreementSet
    | MeterRegistered
    | InstallationSet
    | ReadingEdited
)


async def take_facts(*, store: TermStore, marks: Marks, batch: Sequence[Delivered[Fact]]) -> None:
    """Handle ``batch``."""
    facts = _Sorted([], [], [], [], [], [])
    for event, _ in batch:
        match event:
            case AgreementSet():
                facts.agreements.append(event)
            case InstallationSet():
                facts.installations.append(event)
            case MeterRegistered():
                facts.meters.append(event)
            case ReadingEdited():
                facts.edits.append(event)
            case TariffCorrectionCompleted():
                facts.completed.append(event)
            case TariffPublished() | TariffCorrected():
                facts.tariffs.append(event)
    tariffs = await _tariffs(store, facts.tariffs)
    tariffs |= await _completed(store, facts.completed)
    agreements = await _agreements(store, facts.agreements)
    accounts, meters = await _installations(store, facts.installations)
    meters |= await _meters(store, facts.meters)
    meters |= await _edits(store, facts.edits)
    await marks.mark(
        Moved(meters=meters, accounts=accounts, agreements=agreements, tariffs=tariffs)
    )


class _Sorted(NamedTuple):
    """The facts of a batch by their kind, each in its order."""

    tariffs: list[TariffPublished | TariffCorrected]
    completed: list[TariffCorrectionCompleted]
    agreements: list[AgreementSet]
    installations: list[InstallationSet]
    meters: list[MeterRegistered]
    edits: list[ReadingEdited]


async def _tariffs(
    store: TermStore, events: Sequence[TariffPublished | TariffCorrected]
) -> set[str]:
    first: dict[tuple[str, object, int], PublishedTariff] = {}
    for version in map(tariff_of, events):
        place = (version.code, version.valid_from, version.correction)
        known = first.get(place)
        if known is None or _order(version) < _order(known):
            first[place] = version
    await store.put_tariffs(list(first.values()))
    return {code for code, _, _ in first}


async def _completed(store: TermStore, events: Sequence[TariffCorrectionCompleted]) -> set[str]:
    await store.put_completed({(each.tariff_code, each.correction) for each in events})
    return {each.tariff_code for each in events}


async def _agreements(store: TermStore, events: Sequence[AgreementSet]) -> set[UUID]:
    agreements = _highest((e.id, e) for e in map(agreement_of, events))
    await store.put_agreements(agreements)
    return {each.id for each in agreements}


async def _installations(
    store: TermStore, events: Sequence[InstallationSet]
) -> tuple[set[UUID], set[str]]:
    """Gives accounts, those who had them before too, and meters."""
    installations = _highest((e.id, e) for e in map(installation_of, events))
    before = await store.accounts_of_installations({each.id for each in installations})
    await store.put_installations(installations)
    accounts = before | {each.installation.account_id for each in installations}
    return accounts, {each.installation.meter for each in installations}


async def _meters(store: TermStore, events: Sequence[MeterRegistered]) -> set[str]:
    meters = _highest((e.facts.meter, e) for e in map(meter_of, events))
    await store.put_meters(meters)
    return {each.facts.meter for each in meters}


async def _edits(store: TermStore, events: Sequence[ReadingEdited]) -> set[str]:
    edits = {each.id: each for each in map(edit_of, events)}
    await store.put_edits([edits[each] for each in sorted(edits)])
    return {each.meter for each in edits.values()}


class _Revised(Protocol):
    @property
    def revision(self) -> int: ...


_RevisedT = TypeVar("_RevisedT", bound=_Revised)


def _highest(told: Iterable[tuple[Hashable, _RevisedT]]) -> Sequence[_RevisedT]:
    """The highest revision of each thing."""
    found: dict[Hashable, _RevisedT] = {}
    for name, each in told:
        known = found.get(name)
        if known is None or each.revision > known.revision:
            found[name] = each
    return list(found.values())


def _order(version: PublishedTariff) -> tuple[object, str]:
    return version.published_at, version.document
