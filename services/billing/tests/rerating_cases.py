"""Meters as they are in the field, for tests that hold billing's own rating to the library's and to
the oracle's: every kind of step, several devices and installations, edits, clocks that change."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from billing.readings.values import Reading
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.terms.values import Agreement, Edit, Installation, MeterFacts
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, tariff_of

MINUTE_US = 60_000_000
OURS, THEIRS = UUID(int=1), UUID(int=2)
# Days about which a clock changes, midnight is missing or comes twice, or a day is skipped.
MOMENTS = (
    ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"),
    ("America/Santiago", "2026-09-06"), ("America/Havana", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"), ("Pacific/Apia", "2011-12-30"),
    ("Asia/Beirut", "2026-03-29"), ("Africa/Cairo", "2026-04-24"),
    ("Asia/Shanghai", "2026-11-01"), ("Asia/Kathmandu", "2026-01-01"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MeterCase:
    """A meter, all that came of it, and an agreement of `OURS` in a zone."""

    zone: str
    agreement: Agreement
    meter: MeterTerms
    readings: list[Reading]


def agreement(first_day: date, end_day: date | None = None, **more: Any) -> Agreement:
    """Of `OURS`."""
    return Agreement(
        id=UUID(int=9),
        revision=1,
        account_id=OURS,
        tariff_code="home",
        first_day=first_day,
        end_day=end_day,
        **more,
    )


# How far the clock goes on, how far the register, and what is heard of it.
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [15 * MINUTE_US] * 6
            + [1, 1_000_000, 60 * MINUTE_US, 7 * 60 * MINUTE_US, DAY_US, 3 * DAY_US, 8 * DAY_US]
        ),
        st.one_of(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 300_000)),
        st.sampled_from(
            ["said"] * 12
            + ["reset", "jump", "zero", "half", "double", "more", "nines", "lost", "stale"]
            + ["twice", "conflict"]
        ),
    ),
    min_size=1,
    max_size=40,
)


def _heard(steps: list[tuple[int, int, str]], begin_us: int, wh: int, modulus_wh: int | None):
    at_us, stale_wh = begin_us, wh
    for elapsed_us, rise_wh, what in steps:
        at_us += elapsed_us
        wh += rise_wh
        if what == "reset":
            wh = rise_wh
        if what == "jump":
            wh += 9_000_000
        if modulus_wh:
            wh %= modulus_wh
        shown = {
            "zero": 0, "half": wh // 2, "double": 2 * wh + 7, "more": wh + 60_000,
            "nines": (modulus_wh or 10**9) - 1, "stale": stale_wh,
        }  # fmt: skip
        if what != "lost":
            yield Reading(at_us, shown.get(what, wh))
        if what == "twice":
            yield Reading(at_us, wh)
        if what == "conflict":
            yield Reading(at_us, wh + 11)
        if what != "stale":
            stale_wh = wh


@st.composite
def _installations(draw: st.DrawFn, readings: list[Reading], begin_us: int) -> list[Installation]:
    """One after another, at us or at others, of one device or of several."""
    instants = sorted({each.at_us for each in readings} | {begin_us})
    some = draw(st.lists(st.sampled_from(instants), max_size=4, unique=True).map(sorted))
    edges: list[int | None] = [begin_us, *(each for each in some if each > begin_us), None]
    found: list[Installation] = []
    register_wh = st.one_of(
        st.none(), st.sampled_from([each.register_wh for each in readings]), st.integers(0, 9_000)
    )
    for from_us, next_us in pairwise(edges):
        assert from_us is not None
        shift_us = draw(st.sampled_from([0, 0, 0, 1, 1_000_000_000]))
        to_us = next_us if next_us is None else draw(st.sampled_from([next_us, next_us, from_us]))
        is_late = to_us is None or from_us + shift_us <= to_us
        begins_us = from_us + shift_us if is_late else from_us
        found.append(
            Installation(
                meter="m",
                account_id=draw(st.sampled_from([OURS, OURS, THEIRS])),
                from_us=begins_us,
                to_us=to_us,
                opening_wh=draw(register_wh),
                closing_wh=None if to_us is None else draw(register_wh),
                multiplier=draw(st.sampled_from([1, 1, 1, 40])),
                device=draw(st.sampled_from([None, None, "S-1", "S-2"])),
            )
        )
    return draw(st.permutations(found))


@st.composite
def _edits(draw: st.DrawFn, readings: list[Reading]) -> list[Edit]:
    instants = [each.at_us for each in readings[:3]]
    kinds = draw(st.lists(st.sampled_from(EditKind), max_size=3))
    return [
        Edit(
            id=UUID(int=number),
            meter="m",
            at_us=draw(st.sampled_from(instants)) + draw(st.sampled_from([0, 0, 0, 90_000_000])),
            kind=kind,
            register_wh=draw(st.integers(0, 20_000)) if kind is EditKind.SET else None,
            by="wang",
            reason="test",
            decided_us=draw(st.integers(1, 3)),
        )
        for number, kind in enumerate(kinds)
    ]


@st.composite
def meter_cases(draw: st.DrawFn, *, plain: bool = False, calm: bool = False) -> MeterCase:
    """``plain``: one installation, no edits, no multiplier: what the oracle knows too. ``calm``:
    all steps are ordinary, but for a rollover and for more than the meter can carry."""
    zone, moment = draw(st.sampled_from(MOMENTS))
    day = date.fromisoformat(moment)
    midnight_us = us_of(datetime(day.year, day.month, day.day, tzinfo=UTC))
    begin_us = midnight_us - draw(st.integers(0, 60)) * 60 * MINUTE_US
    modulus_wh = draw(st.sampled_from([None, None, 10_000, 1_000_000]))
    facts = MeterFacts(
        meter="m",
        modulus_wh=modulus_wh,
        resolution_wh=draw(st.sampled_from([0, 0, 10, 1_000])),
        max_w=draw(st.sampled_from([None, 5_000, 400_000])),
    )
    first_wh = draw(st.integers(0, 9_999))
    steps = draw(_STEPS)
    if calm:
        steps = [(us, wh, what if what in ("twice", "lost") else "said") for us, wh, what in steps]
    readings = list(_heard(steps, begin_us, first_wh, modulus_wh))
    readings = readings or [Reading(begin_us + 1, first_wh)]
    installations = draw(_installations(readings, begin_us))
    if plain:
        installations = [_plain(draw(st.sampled_from(installations)), modulus_wh or 10**13)]
    days = draw(st.sampled_from([None, None, 1, 3, 40]))
    first_day = day - timedelta(days=draw(st.sampled_from([-1, 0, 2, 400])))
    return MeterCase(
        zone=zone,
        agreement=agreement(first_day, None if days is None else first_day + timedelta(days=days)),
        meter=MeterTerms(
            facts=facts,
            installations=installations,
            edits=() if plain else draw(_edits(readings)),
        ),
        readings=draw(st.permutations(readings)),
    )


def _plain(place: Installation, end_wh: int) -> Installation:
    """Without registers that the meter cannot show: the oracle makes a rollover of less than
    nothing of a fall from one, against its own rule 2."""
    shown = {
        name: None if wh is None else wh % end_wh
        for name, wh in (("opening_wh", place.opening_wh), ("closing_wh", place.closing_wh))
    }
    return replace(place, account_id=OURS, multiplier=1, device=None, **shown)


SLOTS = (
    [{"name": "all"}],
    [{"name": "day", "begin": "06:00", "end": "22:00"}, {"name": "night"}],
    [
        {"name": "weekend", "weekdays": ["sat", "sun"]},
        {"name": "a", "begin": "00:30", "end": "01:15"},
        {"name": "b", "begin": "02:30", "end": "23:45"},
        {"name": "c"},
    ],
)


@st.composite
def slot_tariffs(draw: st.DrawFn, zone: str) -> Tariff:
    """Of one or two versions whose slots are those of `SLOTS`."""
    days = draw(st.sampled_from([["2000-01-01"], ["2000-01-01", "2026-03-30"], ["2026-03-28"]]))
    return Tariff(TariffBook([version(zone, day, draw(st.sampled_from(SLOTS))) for day in days]))


def version(zone: str, valid_from: str, slots: list[dict[str, Any]]) -> TariffVersion:
    """With these slots."""
    return tariff_of(
        {
            "code": "home",
            "valid_from": valid_from,
            "currency": "CNY",
            "timezone": zone,
            "time_of_use": {"slots": slots},
            "components": [{"name": "fund", "kind": "energy_levy", "micro_per_kwh": 1}],
        }
    )
