"""The slow path: from all of a meter's readings to its use, in whatever order they came."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from prepay_ledger.charging.meters import (
    Agreement,
    DerivedMeter,
    Installed,
    MeterChange,
    MeterHistory,
    MeterRow,
    OpenMeter,
    UseChange,
    sum_of_use,
)
from prepay_ledger.charging.pricing import COUNTED_MAX, DAY, Pricing, Pricings
from prepay_ledger.charging.settled import Settled, only_since
from prewatt_metering.rating.part import Unrated
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.usage.difference import usage_difference
from prewatt_metering.usage.open_day import open_day
from prewatt_metering.vee.checks.vee19_no_installation import no_installation
from prewatt_metering.vee.edit import edited
from prewatt_metering.vee.findings import Finding, findings_within
from prewatt_metering.vee.steps import step_rule
from prewatt_metering.vee.trust import Trust, trusted

DERIVED_CHECKS = tuple(f"VEE-{number:02}" for number in (*range(1, 9), 19))
"""What is looked for each time that a meter is derived; the others once a day (room `looks`)."""


def derive_meter(history: MeterHistory, pricings: Pricings) -> DerivedMeter:
    """Use by agreement, findings, and where the next reading goes on from."""
    readings = edited(readings=history.readings, edits=history.edits)
    installations = [each.installation for each in history.installed]
    use: dict[UUID, DayUsage] = {}
    last_read_us: dict[UUID, int] = {}
    findings: list[Finding] = []
    open_meter: OpenMeter | None = None
    for installed in sorted(history.installed, key=_beginning):
        trust = trusted(
            readings=readings_of_device(
                readings=readings,
                installation=installed.installation,
                installations=installations,
            ),
            installation=installed.installation,
            facts=history.facts,
        )
        within = findings_within(trust.findings, installed.installation)
        findings += [each for each in within if each not in findings]
        for agreement in history.agreements.get(installed.account_id, ()):
            pricing = pricings[agreement.book]
            used = _use(trust, installed, agreement, pricing)
            use[agreement.id] = sum_of_use(use.get(agreement.id, {}), used)
            last_us = _last_within(trust, installed, agreement, pricing)
            if last_us is not None:
                last_read_us[agreement.id] = max(last_us, last_read_us.get(agreement.id, last_us))
            opened = _open(history, trust, installed, agreement, pricing)
            open_meter = opened or open_meter
    uncovered = [each for each in readings if not _is_covered(each, history.installed)]
    return DerivedMeter(
        use=use,
        open=open_meter if open_meter is not None and _is_whole(open_meter, use) else None,
        last_read_us=last_read_us,
        findings=[
            *findings,
            *no_installation(
                meter=history.meter_id, readings=readings, installations=installations
            ),
        ],
        uncovered=uncovered,
    )


def change_of_meter(
    *,
    row: MeterRow,
    history: MeterHistory,
    open_use: Mapping[UUID, DayUsage],
    new_readings: Sequence[Reading],
    pricings: Pricings,
    settled: Settled | None = None,
) -> tuple[MeterChange, list[UseChange]]:
    """A meter's change by the slow path. ``history`` has the new readings in it; ``open_use`` is
    the use of the open day as it was, which ``history.use`` has not. ``settled``: what was before
    stands, and ``history`` is `history_since` it. Raises `Unrated` for more than can be
    counted."""
    derived = derive_meter(history, pricings)
    if settled is not None:
        derived = only_since(derived, settled)
    if any(abs(wh) > COUNTED_MAX for use in derived.use.values() for wh in use.values()):
        message = f"meter {history.meter_id} comes to more than can be counted in a day"
        raise Unrated(message)
    changes: list[UseChange] = []
    for agreement_id in sorted(derived.use.keys() | history.use.keys() | open_use.keys()):
        before = sum_of_use(history.use.get(agreement_id, {}), open_use.get(agreement_id, {}))
        delta = usage_difference(before=before, after=derived.use.get(agreement_id, {}))
        last_us = derived.last_read_us.get(agreement_id)
        changes.append(UseChange(agreement_id=agreement_id, delta=delta, last_read_us=last_us))
    open_day_now = derived.open.day.slots.day if derived.open else None
    kept: dict[UUID, DayUsage] = {}
    dropped: dict[UUID, DayUsage] = {}
    for agreement_id in derived.use.keys() | history.use.keys():
        is_open = derived.open is not None and derived.open.agreement_id == agreement_id
        now = {
            key: wh
            for key, wh in derived.use.get(agreement_id, {}).items()
            if not (is_open and key[0] == open_day_now)
        }
        then = history.use.get(agreement_id, {})
        kept[agreement_id] = {key: wh for key, wh in now.items() if then.get(key) != wh}
        dropped[agreement_id] = {key: wh for key, wh in then.items() if key not in now}
    change = MeterChange(
        row=row,
        new_readings=new_readings,
        open=derived.open,
        kept=kept,
        dropped=dropped,
        findings=derived.findings,
        uncovered=derived.uncovered,
        since_us=None if settled is None else settled.since_us,
    )
    return change, changes


def _use(trust: Trust, installed: Installed, agreement: Agreement, pricing: Pricing) -> DayUsage:
    return day_usage(
        intervals=trust.intervals,
        installation=installed.installation,
        calendar=pricing.calendar,
        slots_of=pricing.slots_of,
        opened=agreement.first_day,
        closed=last_day_of(agreement),
    )


def _open(
    history: MeterHistory,
    trust: Trust,
    installed: Installed,
    agreement: Agreement,
    pricing: Pricing,
) -> OpenMeter | None:
    if trust.last is None or not agreement.covers(pricing.calendar.day_of(trust.last.at_us)):
        return None
    day = open_day(
        trust=trust,
        installation=installed.installation,
        calendar=pricing.calendar,
        slots_of=pricing.slots_of,
        opened=agreement.first_day,
        closed=last_day_of(agreement),
    )
    # The open day goes on from the newest reading there is, or there is none; nor is there one
    # while a person's edit waits for what is still to come.
    known = (*history.readings, *history.edits)
    if day is None or any(each.at_us > day.last_at_us for each in known):
        return None
    return OpenMeter(
        installation_id=installed.id,
        agreement_id=agreement.id,
        rule=step_rule(facts=history.facts, installation=installed.installation),
        day=day,
    )


def _is_whole(opened: OpenMeter, use: Mapping[UUID, DayUsage]) -> bool:
    """Whether the open day holds all that the agreement has of it: another device of the meter id
    may have counted in it before."""
    day = opened.day.slots.day
    of_day = {key: wh for key, wh in use[opened.agreement_id].items() if key[0] == day}
    return of_day == opened.day.usage()


def last_day_of(agreement: Agreement) -> date | None:
    """The last local day on which it holds; none: it lasts."""
    return None if agreement.end_day is None else agreement.end_day - DAY


def _last_within(
    trust: Trust, installed: Installed, agreement: Agreement, pricing: Pricing
) -> int | None:
    """The latest trusted reading that ends energy of the agreement."""
    calendar, installation = pricing.calendar, installed.installation
    begin_us = calendar.first_instant_us(agreement.first_day)
    end_us = None if agreement.end_day is None else calendar.first_instant_us(agreement.end_day)
    for at_us in _trusted_backwards(trust):
        if at_us <= begin_us:
            return None
        if installation.covers(at_us) and (end_us is None or at_us <= end_us):
            return at_us
    return None


def _trusted_backwards(trust: Trust) -> Iterator[int]:
    if trust.intervals.at_us:
        yield from reversed(trust.intervals.at_us)
    elif trust.last is not None:
        yield trust.last.at_us


def _is_covered(reading: Reading, installed: Sequence[Installed]) -> bool:
    return any(
        each.installation.covers(reading.at_us) or each.installation.from_us == reading.at_us
        for each in installed
    )


def _beginning(installed: Installed) -> int:
    from_us = installed.installation.from_us
    return -1 if from_us is None else from_us
