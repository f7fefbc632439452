"""Use case: use and charges are derived again from all readings, and compared with what is kept."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from uuid import UUID

from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.check_charges import (
    KeptAgreement,
    check_agreement,
    check_meter,
)
from prepay_ledger.charging.follow_meter import open_use
from prepay_ledger.charging.meters import MeterHistory, MeterRow
from prepay_ledger.charging.ports_audit import AuditStore
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.seals.values import Finding

AT_ONCE = 1_000
"""Meters, or accounts, that are checked in one snapshot. What is compared is of one meter or of one
account; a snapshot that lasts keeps the database from clearing up."""
HISTORIES_AT_ONCE = 10
"""Meters whose readings are in memory at once: 70,000 each after two years, some 16 MB."""


async def audit_charges(store: AuditStore) -> AsyncIterator[Finding]:
    """What differs, the first of each kind: ``use`` from readings, ``energy`` of periods from use,
    ``charge`` from energy, tariff and days, ``sums`` of these, ``entries`` from what is entered,
    ``estimates`` likewise; ``readings``, ``tariff`` and ``period`` where something cannot be read
    or belongs nowhere."""
    said: set[str] = set()
    async for finding in _audit(store):
        if finding.check not in said:
            said.add(finding.check)
            yield finding


class _OddTariff(Exception):
    """A tariff's document cannot be read; the message says which."""


async def _audit(store: AuditStore) -> AsyncIterator[Finding]:
    try:
        async with store.snapshot():
            await _pricings(store)
            for check, found in (
                ("readings", await store.left_behind()),
                ("period", await store.stray_period()),
            ):
                if found is not None:
                    yield Finding(check, None, found)
        async for finding in _audit_all_meters(store):
            yield finding
        async for finding in _audit_all_accounts(store):
            yield finding
    except _OddTariff as error:
        yield Finding("tariff", None, f"{error}; no charge was derived again")


async def _pricings(store: AuditStore) -> Pricings:
    """Of the snapshot: a later one may have agreements under a tariff that is newer."""
    try:
        return Pricings(await store.tariffs())
    except ValueError as error:
        raise _OddTariff(str(error)) from error


async def _audit_all_meters(store: AuditStore) -> AsyncIterator[Finding]:
    after = ""
    while True:
        async with store.snapshot():
            meter_ids = await store.meter_ids(after=after, limit=AT_ONCE)
            if not meter_ids:
                return
            pricings = await _pricings(store)
            for begin in range(0, len(meter_ids), HISTORIES_AT_ONCE):
                some = meter_ids[begin : begin + HISTORIES_AT_ONCE]
                async for finding in _audit_meters(store, some, pricings):
                    yield finding
        after = meter_ids[-1]


async def _audit_all_accounts(store: AuditStore) -> AsyncIterator[Finding]:
    last = UUID(int=0)
    while True:
        async with store.snapshot():
            account_ids = await store.account_ids(after=last, limit=AT_ONCE)
            if not account_ids:
                return
            pricings = await _pricings(store)
            async for finding in _audit_accounts(store, account_ids, pricings):
                yield finding
        last = account_ids[-1]


async def _audit_meters(
    store: AuditStore, meter_ids: Sequence[str], pricings: Pricings
) -> AsyncIterator[Finding]:
    rows = await store.meters(meter_ids)
    for history in await _histories(store, meter_ids):
        if isinstance(history, Finding):
            yield history
            continue
        row = rows.get(history.meter_id)
        check = partial(check_meter, row=row, history=history, pricings=pricings)
        for finding in _tried("readings", f"meter {history.meter_id}", check):
            yield finding


async def _histories(
    store: AuditStore, meter_ids: Sequence[str]
) -> Sequence[MeterHistory | Finding]:
    """Of each meter, or why its readings cannot be read."""
    try:
        return list((await store.histories(meter_ids)).values())
    except ReadingsHaveLeft as error:
        if len(meter_ids) == 1:
            what = f"use of meter {meter_ids[0]} is not derived again: {error}"
            return [Finding("left", None, what, is_note=True)]
    except ValueError as error:
        if len(meter_ids) == 1:
            return [_odd("readings", f"meter {meter_ids[0]}", error)]
    return [found for each in meter_ids for found in await _histories(store, [each])]


async def _audit_accounts(
    store: AuditStore, account_ids: Sequence[UUID], pricings: Pricings
) -> AsyncIterator[Finding]:
    kept = {
        each.id: KeptAgreement(agreement=each) for each in await store.agreements_of(account_ids)
    }
    for state in await store.periods(kept):
        if isinstance(state, PeriodState):
            kept[state.agreement_id].states[state.period.first] = state
        else:
            yield Finding("period", None, state)
    for (agreement_id, first), sums in (await store.sums(kept)).items():
        kept[agreement_id].sums[first] = sums
    for (agreement_id, first), entered in (await store.entries(account_ids)).items():
        if agreement_id in kept:
            kept[agreement_id].entries[first] = entered
        elif entered.micro:
            what = f"entries of {-entered.micro} micro-units are of agreement {agreement_id}"
            yield Finding("entries", None, f"{what}, which is none of their accounts'")
    for agreement_id, first, estimated, said in await store.estimates(account_ids):
        if estimated != said:
            what = f"{estimated.micro} micro-units and {estimated.wh} Wh are kept as estimated"
            yield Finding(
                "estimates",
                None,
                f"agreement {agreement_id}, period {first}: {what}, its entries come to "
                f"{said.micro} and {said.wh}",
            )
    async for finding in _add_use(store, account_ids, kept, pricings):
        yield finding
    for each in kept.values():
        check = partial(check_agreement, each, pricings)
        for finding in _tried("charge", f"agreement {each.agreement.id}", check):
            yield finding


async def _add_use(
    store: AuditStore,
    account_ids: Sequence[UUID],
    kept: dict[UUID, KeptAgreement],
    pricings: Pricings,
) -> AsyncIterator[Finding]:
    """Kept days and open days of all meters, into ``kept``."""
    async for agreement_id, day, slot, wh in store.use(kept):
        add = partial(kept[agreement_id].add_use, pricings, day, slot, wh)
        for finding in _tried("use", f"agreement {agreement_id}, use of {day}", add):
            yield finding
    for meter_id, row in (await store.meters(await store.meters_of(account_ids))).items():
        add = partial(_add_open_use, row, kept, pricings)
        for finding in _tried("readings", f"meter {meter_id}", add):
            yield finding


def _add_open_use(row: MeterRow, kept: Mapping[UUID, KeptAgreement], pricings: Pricings) -> None:
    for agreement_id, use in open_use(row, pricings).items():
        if agreement_id in kept:
            for (day, slot), wh in use.items():
                kept[agreement_id].add_use(pricings, day, slot, wh)


def _tried(check: str, what: str, do: Callable[[], Iterable[Finding] | None]) -> list[Finding]:
    """What it finds; whatever else it raises is found of ``what``, and the audit goes on."""
    try:
        return list(do() or ())
    except Exception as error:  # noqa: BLE001 - rows may have been made anything
        return [_odd(check, what, error)]


def _odd(check: str, what: str, error: Exception) -> Finding:
    return Finding(check, None, f"{what} cannot be derived: {type(error).__name__}: {error}")
