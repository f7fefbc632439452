"""From when on a meter's older readings can change nothing any more: pure.

Where they have left the database (room `retention`), its next readings are charged without them.
All readings from some instant on are there. Among these, adjacent ordinary steps for longer than an
excursion may last (`EXCURSION_MAX_US`) end in readings that count whatever came before: an
excursion that began before them is over by then, and where the register goes on from is one of
them. So the path goes on from there as it would with all readings; a property test holds both
equal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.charging.meters import DerivedMeter, Installed, MeterHistory, MeterRow
from prepay_ledger.charging.pricing import DAY, Pricings
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.checks.vee05_glitch import EXCURSION_MAX_US
from prewatt_metering.vee.edit import edited
from prewatt_metering.vee.known import known_readings
from prewatt_metering.vee.steps import Kind, StepRule, step_rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was found of the meter up to ``since_us`` stands, and so do days of use before
    ``first_days``, by agreement; of agreements that are not there, all. It holds whatever is read
    after ``until_us``."""

    since_us: int
    until_us: int
    first_days: Mapping[UUID, date]


EVER_US, NEVER_US = -(2**62), 2**62
"""Before and after every reading."""


def settled_for(
    row: MeterRow, history: MeterHistory, *, changed_from_us: int, pricings: Pricings
) -> Settled | None:
    """From when on the meter may be derived without what has left, where readings and edits of
    ``changed_from_us`` and later, which are among the history's, are new. None where these or its
    open day reach back before it."""
    settled = settled_of(history, pricings)
    if settled is None or changed_from_us <= settled.until_us:
        return None
    if row.open is not None:
        first = settled.first_days.get(row.open.agreement_id)
        if first is None or row.open.open_day < first:
            return None
    return settled


def history_since(history: MeterHistory, settled: Settled) -> MeterHistory:
    """What may change: without readings of which others have left, and without days that stand."""
    assert history.complete_from_us is not None, "else there is nothing to leave out"
    from_us = history.complete_from_us
    return replace(
        history,
        readings=[each for each in history.readings if each.at_us >= from_us],
        use={
            agreement_id: {
                key: wh for key, wh in history.use.get(agreement_id, {}).items() if key[0] >= first
            }
            for agreement_id, first in settled.first_days.items()
        },
    )


def settled_of(history: MeterHistory, pricings: Pricings) -> Settled | None:
    """The first such place in what is there of a meter whose older readings have left; none where
    there is none, or its installation is younger."""
    if history.complete_from_us is None or not history.installed:
        return None
    newest = max(history.installed, key=_begin_us)
    others = [each.installation.to_us for each in history.installed if each is not newest]
    from_us = history.complete_from_us
    for to_us in others:
        if to_us is None:
            return None
        from_us = max(from_us, to_us)
    known = [
        each
        for each in _known(history, newest, from_us)
        if each.at_us > from_us and newest.installation.covers(each.at_us)
    ]
    for run in _runs(known, step_rule(facts=history.facts, installation=newest.installation)):
        found = _within(run, history, newest, pricings)
        if found is not None:
            return found
    return None


class Followed(NamedTuple):
    """What was read after ``since_us`` is trusted as with all readings; ``newest_us``: the newest
    one that is, with all too."""

    since_us: int
    newest_us: int


def followed_of(history: MeterHistory, installed: Installed) -> Followed | None:
    """The same of the register's path alone, which knows no days and no accounts, as
    ``installed`` sees it; none where there is no such place."""
    from_us = history.complete_from_us
    assert from_us is not None, "else all is there"
    known = [each for each in _known(history, installed, from_us) if each.at_us > from_us]
    for run in _runs(known, step_rule(facts=history.facts, installation=installed.installation)):
        first = _beyond_excursions(run)
        if first is not None:
            return Followed(first.at_us, known[-1].at_us)
    return None


def only_since(derived: DerivedMeter, settled: Settled) -> DerivedMeter:
    """Without what stands, which was derived from some readings only."""
    first_days = settled.first_days
    return DerivedMeter(
        use={
            agreement_id: {key: wh for key, wh in use.items() if key[0] >= first_days[agreement_id]}
            for agreement_id, use in derived.use.items()
            if agreement_id in first_days
        },
        open=derived.open,
        last_read_us={
            agreement_id: at_us
            for agreement_id, at_us in derived.last_read_us.items()
            if agreement_id in first_days
        },
        findings=[each for each in derived.findings if each.end_us > settled.since_us],
        uncovered=[each for each in derived.uncovered if each.at_us > settled.since_us],
    )


def _within(
    run: Sequence[Reading], history: MeterHistory, newest: Installed, pricings: Pricings
) -> Settled | None:
    """``run``: adjacent ordinary steps. Two of its readings are to lie in the first days or later:
    a later fall may take the last of them away, and the other still ends what touches the days
    before."""
    first = _beyond_excursions(run)
    if first is None:
        return None
    days: dict[UUID, date] = {}
    begins_us = [first.at_us]
    for agreement in history.agreements.get(newest.account_id, ()):
        calendar = pricings[agreement.book].calendar
        days[agreement.id] = calendar.day_of(first.at_us) + DAY
        begins_us.append(calendar.first_instant_us(days[agreement.id]))
    after = [each.at_us for each in run if each.at_us >= max(begins_us)]
    if len(after) < 2:
        return None
    return Settled(since_us=first.at_us, until_us=after[1], first_days=days)


def _runs(known: Sequence[Reading], rule: StepRule) -> Iterator[Sequence[Reading]]:
    """As long as they are, of adjacent ordinary steps."""
    begin = 0
    for place in range(1, len(known) + 1):
        if place == len(known) or not _is_ordinary(known[place - 1], known[place], rule):
            yield known[begin:place]
            begin = place


def _beyond_excursions(run: Sequence[Reading]) -> Reading | None:
    """The first that counts whatever came before ``run``."""
    return next((each for each in run if each.at_us > run[0].at_us + EXCURSION_MAX_US), None)


def _known(history: MeterHistory, newest: Installed, from_us: int) -> list[Reading]:
    readings = edited(readings=history.readings, edits=history.edits)
    return known_readings(
        readings=readings_of_device(
            readings=[each for each in readings if each.at_us >= from_us],
            installation=newest.installation,
            installations=[each.installation for each in history.installed],
        ),
        installation=newest.installation,
        facts=history.facts,
    ).readings


def _is_ordinary(before: Reading, after: Reading, rule: StepRule) -> bool:
    return rule.step(before, after)[1] is Kind.ORDINARY


def _begin_us(installed: Installed) -> int:
    from_us = installed.installation.from_us
    return -1 if from_us is None else from_us
