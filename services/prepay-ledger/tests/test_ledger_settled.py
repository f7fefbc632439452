"""A meter whose older readings have left goes on as it would with all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from ledger_store import AGREEMENT, BEGIN_US, Store

from prepay_ledger.charging.derive_meter import change_of_meter
from prepay_ledger.charging.meters import MeterChange, MeterHistory, OpenMeter, UseChange
from prepay_ledger.charging.settled import NEVER_US, history_since, settled_for
from prewatt_metering.calendar.instants import DAY_US, HOUR_US, MINUTE_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.edit import Edit, EditKind
from prewatt_metering.vee.findings import Finding

TODAY = date(2026, 12, 30)
Changed = tuple[MeterChange, list[UseChange]]


@st.composite
def life(draw: st.DrawFn) -> list[Reading]:
    """Weeks of a meter, read each 9 hours or so, with something odd now and then: registers that
    are too high or fall, gaps, falls that stay."""
    at_us, register_wh = BEGIN_US, 0
    readings: list[Reading] = []
    odd_at = draw(st.sets(st.integers(0, 119), max_size=6))
    for number in range(draw(st.integers(40, 120))):
        at_us += draw(st.sampled_from([8 * HOUR_US, 9 * HOUR_US + 7 * MINUTE_US, 13 * HOUR_US]))
        register_wh += draw(st.integers(0, 2_000))
        if number in odd_at:
            kind = draw(st.sampled_from(["value", "fall", "gap", "twice"]))
            if kind == "value":
                readings.append(Reading(at_us, draw(st.integers(0, 5_000_000))))
                continue
            if kind == "fall":
                register_wh = draw(st.integers(0, register_wh))
            if kind == "gap":
                at_us += draw(st.integers(1, 9)) * DAY_US
            if kind == "twice":
                readings.append(Reading(at_us, register_wh + 5))
        readings.append(Reading(at_us, register_wh))
    return readings


def edit(number: int, reading: Reading, data: st.DataObject) -> Edit:
    kind = data.draw(st.sampled_from([EditKind.SET, EditKind.REMOVE]))
    return Edit(
        edit_id=str(number),
        meter="m",
        at_us=reading.at_us,
        kind=kind,
        register_wh=data.draw(st.integers(0, 300_000)) if kind is EditKind.SET else None,
        by="w",
        reason="r",
        decided_us=number,
    )


def changed(store: Store, history: MeterHistory, new: Sequence[Reading], **more: Any) -> Changed:
    return change_of_meter(
        row=store.row,
        history=history,
        open_use=store.open_use(),
        new_readings=new,
        pricings=store.pricings,
        **more,
    )


def with_readings(store: Store, readings: Sequence[Reading], **more: Any) -> MeterHistory:
    return replace(store.history, readings=sorted(set(readings)), **more)


def without_nothing(of: Mapping[UUID, Mapping[Any, int]]) -> dict[UUID, Any]:
    return {each: dict(use) for each, use in of.items() if use}


def plain(opened: OpenMeter | None) -> OpenMeter | None:
    """Until when the last unusual thing had to settle says nothing once it has."""
    return opened and replace(opened, day=replace(opened.day, quiet_from_us=0))


def ends(some: Sequence[Finding] | None, since_us: int) -> tuple[list[Finding], list[Finding]]:
    """Those that ended by then, and the others."""
    every = sorted(some or (), key=repr)
    return [f for f in every if f.end_us <= since_us], [f for f in every if f.end_us > since_us]


@given(st.data(), life())
@settings(max_examples=80, deadline=None)
def test_what_has_left_changes_nothing(data: st.DataObject, readings: list[Reading]) -> None:
    store = Store()
    cut = data.draw(st.integers(len(readings) // 2, len(readings)), label="came before")
    came, new = readings[:cut], readings[cut:]
    last_us = came[-1].at_us
    new += [
        Reading(last_us - back, data.draw(st.integers(0, 300_000)))
        for back in data.draw(st.lists(st.integers(0, 12 * DAY_US), max_size=2), label="late")
    ]
    new = sorted(set(new) - set(came))
    store.take(came, TODAY)
    stored, _ = changed(store, with_readings(store, came), [])
    from_us = data.draw(st.integers(BEGIN_US, last_us), label="complete from")
    late = data.draw(st.sets(st.sampled_from(came)), label="older ones that came late")
    there = [each for each in came if each.at_us >= from_us or each in late]
    edits = [
        edit(number, data.draw(st.sampled_from([*came[len(came) // 2 :], *new])), data)
        for number in range(data.draw(st.integers(0, 2), label="edits"))
    ]
    some = with_readings(
        store, [*there, *new], edits=edits, left_since=date(2026, 10, 1), complete_from_us=from_us
    )
    changed_us = min((each.at_us for each in [*new, *edits]), default=NEVER_US)
    settled = settled_for(store.row, some, changed_from_us=changed_us, pricings=store.pricings)
    event("settled" if settled else "all are needed")
    if settled is None:
        return
    whole, used = changed(store, with_readings(store, [*came, *new], edits=edits), new)
    since, used_since = changed(store, history_since(some, settled), new, settled=settled)
    assert [(u.agreement_id, u.delta) for u in used_since if u.delta] == [
        (u.agreement_id, u.delta) for u in used if u.delta
    ]
    assert without_nothing(since.kept) == without_nothing(whole.kept)
    assert without_nothing(since.dropped) == without_nothing(whole.dropped)
    assert plain(since.open) == plain(whole.open)
    stand, go_on = ends(whole.findings, settled.since_us)
    assert ends(since.findings, settled.since_us) == ([], go_on)
    assert ends(stored.findings, settled.since_us)[0] == stand
    assert since.new_readings == whole.new_readings


def steady(days: int, *, hours: int = 6) -> list[Reading]:
    return [
        Reading(BEGIN_US + step * hours * HOUR_US, step * 900)
        for step in range(1, days * 24 // hours)
    ]


def settled_at(store: Store, came: Sequence[Reading], from_us: int, new: Sequence[Reading] = ()):
    store.take(came, TODAY)
    history = with_readings(
        store,
        [*(each for each in came if each.at_us >= from_us), *new],
        left_since=date(2026, 10, 1),
        complete_from_us=from_us,
    )
    changed_us = min((each.at_us for each in new), default=NEVER_US)
    return settled_for(store.row, history, changed_from_us=changed_us, pricings=store.pricings)


def test_an_ordinary_meter_is_settled_after_some_days() -> None:
    from_us = BEGIN_US + 10 * DAY_US
    settled = settled_at(Store(), steady(40), from_us)
    assert settled is not None
    assert from_us + 7 * DAY_US < settled.since_us < settled.until_us < from_us + 10 * DAY_US
    assert set(settled.first_days) == {AGREEMENT}


@pytest.mark.parametrize("days", [9, 20, 31])
def test_what_came_late_of_days_that_stand_needs_all(days: int) -> None:
    from_us = BEGIN_US + 10 * DAY_US
    late = [Reading(BEGIN_US + days * DAY_US + 60_000_000, 3)]
    assert (settled_at(Store(), steady(40), from_us, late) is None) == (days < 20)


def test_too_few_are_there() -> None:
    assert settled_at(Store(), steady(40), BEGIN_US + 34 * DAY_US) is None


def test_an_older_installation_must_be_over() -> None:
    store = Store()
    (mine,) = store.history.installed
    ends_us = BEGIN_US + 20 * DAY_US
    tenants = Installation(
        meter="m", account=str(UUID(int=9)), from_us=ends_us, to_us=None, multiplier=3
    )
    store.history = replace(
        store.history,
        installed=[
            replace(mine, installation=replace(mine.installation, to_us=ends_us)),
            replace(mine, id=UUID(int=8), account_id=UUID(int=9), installation=tenants),
        ],
    )
    settled = settled_at(store, steady(40), BEGIN_US + 5 * DAY_US)
    assert settled is not None
    assert settled.since_us > ends_us + 7 * DAY_US
    assert settled.first_days == {}
