"""Charging: what people decide, at whatever moment, ends in what all readings and decisions say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_store import ACCOUNT, BEGIN_US, Store, told

from prepay_ledger.charging.meters import Installed
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import HOUR_US, MINUTE_US
from prewatt_metering.registers import changes
from prewatt_metering.registers.changes import Decision
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.edit import Edit, EditKind

TODAY = date(2026, 12, 5)
WHY = Decision(by="tester", reason="test", decided_us=1)


@dataclass(frozen=True)
class Swap:
    """Another device under the meter's id."""

    at_us: int
    closing_wh: int | None
    opening_wh: int


@dataclass(frozen=True)
class Gap:
    """The meter was away from its account for a while."""

    at_us: int
    until_us: int


Step = Reading | Edit | Swap | Gap


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Readings in order with decisions between them: about what was, what is, and edits of what is
    still to come."""
    at_us, register_wh, device = BEGIN_US, 0, 0
    steps: list[Step] = []
    instants: list[int] = []
    last_change_us = BEGIN_US
    for number in range(draw(st.integers(3, 16))):
        at_us += draw(st.sampled_from([15 * MINUTE_US, HOUR_US, 5 * HOUR_US, 30 * HOUR_US]))
        kind = draw(st.sampled_from(["read"] * 6 + ["set", "remove", "restore", "swap", "gap"]))
        if kind in {"set", "remove", "restore"}:
            about_us = draw(st.sampled_from([*instants, at_us, at_us + HOUR_US]))
            steps.append(
                Edit(
                    edit_id=str(number),
                    meter="m",
                    at_us=about_us,
                    kind=EditKind(kind),
                    register_wh=draw(st.integers(0, 40_000)) if kind == "set" else None,
                    by="tester",
                    reason="test",
                    decided_us=number,
                )
            )
        elif kind == "swap":
            # Also told late: at any instant since the last change of installations.
            since = [each for each in instants if each > last_change_us]
            last_change_us = draw(st.sampled_from([*since, at_us]))
            closing_wh = draw(st.sampled_from([None, register_wh + 300]))
            device += 1
            steps.append(Swap(last_change_us, closing_wh, opening_wh=50 * device))
            register_wh = 50 * device
        elif kind == "gap":
            last_change_us = at_us + 2 * HOUR_US
            steps.append(Gap(at_us, last_change_us))
            at_us = last_change_us
        else:
            register_wh += draw(st.integers(0, 4_000))
            instants.append(at_us)
            steps.append(Reading(at_us, register_wh))
    return steps


class Decided(Store):
    """A store in which people decide."""

    def decide(self, step: Edit | Swap | Gap) -> None:
        """Change what is known, then derive and charge anew, as the service does."""
        self.know(step)
        self.derive(TODAY)

    def know(self, step: Edit | Swap | Gap) -> None:
        if isinstance(step, Edit):
            self.history = replace(self.history, edits=[*self.history.edits, step])
            return
        known = [each.installation for each in self.history.installed]
        last = max(known, key=lambda each: each.from_us or 0)
        if isinstance(step, Swap):
            device = len(known)
            self._install(
                changes.swap(
                    installations=known,
                    installation=last,
                    at_us=step.at_us,
                    closing_wh=step.closing_wh,
                    opening_wh=step.opening_wh,
                    devices=(last.device or f"d{device}", f"d{device + 1}"),
                    decision=WHY,
                ).installations
            )
        else:
            ended = replace(last, to_us=step.at_us)
            back = replace(last, from_us=step.until_us, opening_wh=None)
            self._install({*known, ended, back} - {last})

    def _install(self, installations: Sequence[Installation] | frozenset[Installation]) -> None:
        ids = {each.installation.from_us: each.id for each in self.history.installed}
        self.history = replace(
            self.history,
            installed=[
                Installed(
                    id=ids.get(each.from_us) or new_id(), account_id=ACCOUNT, installation=each
                )
                for each in installations
            ],
        )


@given(lives(), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_decisions_between_readings_end_in_what_all_of_it_says(
    steps: list[Step], size: int
) -> None:
    store = Decided(single=True)
    waiting: list[Reading] = []
    for step in steps:
        if isinstance(step, Reading):
            waiting.append(step)
            if len(waiting) == size:
                store.take(waiting, TODAY)
                waiting = []
        else:
            store.decide(step)
    if waiting:
        store.take(waiting, TODAY)
    whole = Decided(single=True)
    for step in steps:
        if not isinstance(step, Reading):
            whole.know(step)
    whole.take([each for each in steps if isinstance(each, Reading)], TODAY)
    whole.charge({}, None, TODAY)
    store.charge({}, None, TODAY)
    assert store.all_use() == whole.all_use()
    assert store.balance_micro == whole.balance_micro
    assert [told(each) for _, each in sorted(store.states.items())] == [
        told(each) for _, each in sorted(whole.states.items())
    ]


def test_the_part_of_a_day_that_the_old_device_counted_is_charged_once() -> None:
    """A second slow run of that day found it missing and charged it again."""
    store = Decided(single=True)
    store.take([Reading(BEGIN_US + 2 * HOUR_US, 1_000)], TODAY)
    store.decide(Swap(BEGIN_US + 3 * HOUR_US, closing_wh=1_500, opening_wh=0))
    for hour in (4, 5, 6):
        store.take([Reading(BEGIN_US + hour * HOUR_US, (hour - 3) * 100)], TODAY)
        store.derive(TODAY)
        assert sum(store.all_use().values()) == (1_500 + (hour - 3) * 100) * 3


def test_an_edit_of_what_is_still_to_come_waits_for_it() -> None:
    """The next reading was added as if nobody had said that it does not count."""
    store = Decided(single=True)
    readings = [Reading(BEGIN_US + hour * HOUR_US, hour * 100) for hour in (1, 2, 3, 4, 5)]
    store.take(readings[:3], TODAY)
    store.decide(
        Edit(
            edit_id="1", meter="m", at_us=readings[3].at_us, kind=EditKind.REMOVE, by="tester",
            reason="test", decided_us=1,
        )
    )  # fmt: skip
    store.take([readings[3]], TODAY)
    assert sum(store.all_use().values()) == 300 * 3
    store.take([readings[4]], TODAY)
    assert sum(store.all_use().values()) == 500 * 3
    assert store.row.open is not None, "it goes on from there"
