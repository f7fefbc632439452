"""Billing's period against the ledger's, as tables and as properties."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.postings.take_charges import newest
from billing.postings.values import Posted
from billing.readings.values import Reading as Register
from billing.reconciliation.compare import PATIENCE, Comparison, Kind, Known, compare, next_look
from billing.reconciliation.days import MeterHistory, newest_days
from billing.reconciliation.rating import STANDING_GRACE
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import tariff_of
from billing.rerating.use import Use, use_of_meter
from billing.terms.facts import agreement_of, edit_of, installation_of, meter_of
from billing.terms.values import MeterFacts
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_metering.calendar.instants import us_of

FIRST_DAY = date(2026, 10, 20)
TODAY = date(2026, 11, 14)
MIDNIGHT = datetime(2026, 11, 13, 16, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
LONG_AGO = NOON - timedelta(days=1)
SETTLE = timedelta(seconds=30)


def registers(readings: Sequence[Reading]) -> list[Register]:
    return [Register(us_of(each.read_at), each.import_wh) for each in readings]


def posted_of(charge: PostedCharge, **changes: Any) -> Posted:
    given = msgspec.structs.replace(charge, **changes)
    return Posted(
        account_id=given.account_id,
        period_end=given.period_end,
        standing_days=given.standing_days,
        energy_wh=given.energy_wh,
        total_micro=given.total_micro,
        last_read_at=given.last_read_at,
        changed_at=LONG_AGO,
    )


class Case:
    """A household with three weeks of readings, and what a ledger has posted for it by noon."""

    def __init__(self, homes, reads, *, today: date = TODAY, **tariff: object) -> None:
        self.home = homes(first_day=FIRST_DAY, **tariff)
        self.readings = self.home.readings(reads(1))
        self.agreement = agreement_of(self.home.agreement())
        self.tariff = tariff_of([self.home.document])
        self.meter = MeterTerms(
            facts=MeterFacts(meter=self.home.meter_id),
            installations=[installation_of(self.home.installation()).installation],
        )
        self.charges = {
            each.period_first: each for each in self.home.posted(self.readings, today=today).charges
        }

    @property
    def use(self) -> Use:
        return use_of_meter(
            agreement=self.agreement,
            tariff=self.tariff,
            meter=self.meter,
            readings=registers(self.readings),
        )

    @property
    def known(self) -> Known:
        return Known(
            agreement_id=self.agreement.id,
            agreement=self.agreement,
            tariff=self.tariff,
            posted={first: posted_of(each) for first, each in self.charges.items()},
            unequal_since={},
            moved_at=LONG_AGO,
        )

    def compared(
        self, known: Known | None = None, *, use: Use | None = None, now: datetime = NOON
    ) -> list[Comparison]:
        return compare(known=known or self.known, use=use or self.use, now=now, settle=SETTLE)


@pytest.fixture(scope="module")
def case(homes, reads) -> Case:
    return Case(homes, reads)


OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def kinds(found: Sequence[Comparison]) -> dict[date, Kind]:
    return {each.period.first: each.kind for each in found}


def test_the_same_on_both_sides_agrees(case: Case) -> None:
    found = case.compared()
    assert kinds(found) == {OCTOBER: Kind.AGREES, NOVEMBER: Kind.AGREES}
    assert [each.unequal_since for each in found] == [None, None]
    assert sum(each.energy_wh for each in case.charges.values()) > 50_000
    assert [each.standing_days for each in case.charges.values()] == [12, 14]


def test_while_a_tariff_is_corrected_a_period_may_be_as_it_was_or_as_it_will_be(
    case: Case,
) -> None:
    """Never in between, and once all are corrected no more as it was."""
    corrected = tariff_of([case.home.cheaper(case.home.valid_from).document])
    known = replace(case.known, tariff=corrected, tariff_before=case.tariff)
    assert kinds(case.compared(known)) == {OCTOBER: Kind.AGREES, NOVEMBER: Kind.AGREES}
    new = {each.period.first: each.ours for each in case.compared(replace(known, posted={}))}
    totals = {first: side.total_micro for first, side in new.items() if side is not None}
    for changed, kind in ((0, Kind.AGREES), (1, Kind.DIFFERS)):
        posted = dict(known.posted) | {
            NOVEMBER: posted_of(case.charges[NOVEMBER], total_micro=totals[NOVEMBER] + changed)
        }
        assert kinds(case.compared(replace(known, posted=posted)))[NOVEMBER] is kind
    done = case.compared(replace(known, tariff_before=None))
    assert kinds(done) == {OCTOBER: Kind.DIFFERS, NOVEMBER: Kind.DIFFERS}


@pytest.mark.parametrize(
    ("changes", "kind", "detail"),
    [
        ({"total_micro": 1}, Kind.DIFFERS, "total_micro is 1, billing has"),
        ({"energy_wh": 1}, Kind.DIFFERS, "energy_wh is 1, billing has"),
        ({"standing_days": 13}, Kind.DIFFERS, "standing_days is 13, billing has 14"),
        ({"standing_days": 15}, Kind.DIFFERS, "standing_days is 15, billing has 14"),
        ({"standing_days": -1}, Kind.DIFFERS, "standing_days is -1"),
        ({"standing_days": 10**9}, Kind.DIFFERS, "standing_days is 1000000000"),
        ({"account_id": UUID(int=9)}, Kind.DIFFERS, "the ledger charged account"),
        ({"period_end": date(2026, 11, 30)}, Kind.DIFFERS, "the ledger's period ends on"),
    ],
)
def test_one_side_is_wrong(case: Case, changes: dict[str, Any], kind: Kind, detail: str) -> None:
    posted = case.known.posted | {NOVEMBER: posted_of(case.charges[NOVEMBER], **changes)}
    october, november = case.compared(replace(case.known, posted=posted))
    assert (october.kind, november.kind) == (Kind.AGREES, kind)
    assert detail in (november.detail or "")
    assert november.unequal_since == NOON


def test_right_for_the_days_it_says_and_not_the_days_that_are_due(case: Case) -> None:
    """The ledger charged a day too few, and rated that rightly."""
    stale = case.home.posted(case.readings, today=TODAY - timedelta(days=1)).charges[1]
    posted = case.known.posted | {NOVEMBER: posted_of(stale)}
    found = case.compared(replace(case.known, posted=posted))
    assert kinds(found)[NOVEMBER] is Kind.DIFFERS
    assert found[1].detail is not None
    assert found[1].detail.startswith("standing_days is 13, billing has 14")


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (MIDNIGHT, Kind.AGREES),
        (MIDNIGHT + STANDING_GRACE - timedelta(seconds=1), Kind.AGREES),
        (MIDNIGHT + STANDING_GRACE, Kind.DIFFERS),
    ],
)
def test_after_midnight_the_ledger_has_some_hours(case: Case, now: datetime, kind: Kind) -> None:
    stale = case.home.posted(case.readings, today=TODAY - timedelta(days=1)).charges[1]
    known = replace(
        case.known,
        posted=case.known.posted | {NOVEMBER: posted_of(stale)},
        moved_at=now - timedelta(hours=1),
    )
    assert kinds(case.compared(known, now=now))[NOVEMBER] is kind


def test_a_new_period_is_not_missed_in_its_first_hours(homes, reads) -> None:
    case = Case(homes, reads, today=date(2026, 11, 30))
    turn = datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert kinds(case.compared(now=turn + timedelta(hours=1))) == {
        OCTOBER: Kind.AGREES,
        NOVEMBER: Kind.AGREES,
    }
    later = kinds(case.compared(now=turn + STANDING_GRACE))
    assert later[date(2026, 12, 1)] is Kind.MISSING_IN_LEDGER


def test_a_period_is_rounded_once_it_is_over(homes, reads) -> None:
    """For some hours both are right: with the rounding, and without."""
    rounding = {"rounding": {"mode": "up", "to_micro": 1_000_000}}
    opened = Case(homes, reads, today=date(2026, 11, 30), **rounding)
    closed = opened.home.posted(opened.readings, today=date(2026, 12, 1)).charges
    assert closed[1].total_micro % 1_000_000 == 0
    assert opened.charges[NOVEMBER].total_micro % 1_000_000
    turn = datetime(2026, 11, 30, 16, tzinfo=UTC)
    for now, standing in ((turn + timedelta(hours=1), True), (turn + STANDING_GRACE, False)):
        found = kinds(opened.compared(now=now))
        assert (found[NOVEMBER] is Kind.AGREES) is standing
        posted = {each.period_first: posted_of(each) for each in closed}
        found = kinds(opened.compared(replace(opened.known, posted=posted), now=now))
        assert found[NOVEMBER] is Kind.AGREES


def test_missing_in_the_ledger(case: Case) -> None:
    known = replace(case.known, posted={OCTOBER: case.known.posted[OCTOBER]})
    assert kinds(case.compared(known)) == {
        OCTOBER: Kind.AGREES,
        NOVEMBER: Kind.MISSING_IN_LEDGER,
    }


def test_missing_in_billing(case: Case) -> None:
    unknown = replace(case.known, agreement=None, tariff=None)
    assert set(kinds(case.compared(unknown, use=Use())).values()) == {Kind.MISSING_IN_BILLING}
    before = date(2026, 9, 1)
    posted = {before: posted_of(case.charges[OCTOBER], period_end=OCTOBER)}
    found = kinds(case.compared(replace(case.known, posted=case.known.posted | posted)))
    assert found[before] is Kind.MISSING_IN_BILLING
    odd = {date(2026, 11, 5): posted_of(case.charges[NOVEMBER])}
    found = kinds(case.compared(replace(case.known, posted=case.known.posted | odd)))
    assert found[date(2026, 11, 5)] is Kind.MISSING_IN_BILLING


def test_what_the_ledger_has_taken_back_agrees(case: Case) -> None:
    before = date(2026, 9, 1)
    nothing = posted_of(
        case.charges[OCTOBER], period_end=OCTOBER, standing_days=0, energy_wh=0, total_micro=0
    )
    found = kinds(case.compared(replace(case.known, posted=case.known.posted | {before: nothing})))
    assert found[before] is Kind.AGREES


def test_not_rateable(case: Case) -> None:
    known = replace(case.known, tariff=None, tariff_fault="two versions")
    found = case.compared(known, use=Use())
    assert set(kinds(found).values()) == {Kind.NOT_RATEABLE}
    assert found[0].detail == "two versions"
    assert case.compared(replace(known, posted={}), use=Use()) == []


def test_a_period_before_the_first_version_cannot_be_rated(homes, reads) -> None:
    case = Case(homes, reads)
    late = tariff_of([case.home.document.replace('"2026-10-01"', '"2026-11-01"')])
    known = replace(case.known, tariff=late)
    use = use_of_meter(
        agreement=case.agreement, tariff=late, meter=case.meter, readings=registers(case.readings)
    )
    assert kinds(case.compared(known, use=use)) == {
        OCTOBER: Kind.NOT_RATEABLE,
        NOVEMBER: Kind.AGREES,
    }


def test_what_a_tariff_asks_for_and_nobody_knows_is_not_rated(homes, reads) -> None:
    case = Case(homes, reads)
    document = case.home.document.replace(
        '"components":[', '"components":[{"name":"kva","kind":"capacity","micro_per_kva_month":1},'
    )
    known = replace(case.known, tariff=tariff_of([document]))
    found = case.compared(known)
    assert set(kinds(found).values()) == {Kind.NOT_RATEABLE}
    assert "capacity_va" in (found[0].detail or "")


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("moved_ago", "unequal_for", "same_reading", "kind"),
    [
        (10 * SECOND, None, True, Kind.IN_FLIGHT),
        (31 * SECOND, None, True, Kind.DIFFERS),
        (31 * SECOND, None, False, Kind.IN_FLIGHT),
        (31 * SECOND, PATIENCE - SECOND, False, Kind.IN_FLIGHT),
        (31 * SECOND, PATIENCE, False, Kind.DIFFERS),
        # a meter that never rests hides nothing
        (SECOND, PATIENCE, True, Kind.DIFFERS),
    ],
)
def test_in_flight(
    case: Case,
    moved_ago: timedelta,
    unequal_for: timedelta | None,
    same_reading: bool,
    kind: Kind,
) -> None:
    charge = case.charges[NOVEMBER]
    read_at = charge.last_read_at if same_reading else LONG_AGO
    posted = {NOVEMBER: posted_of(charge, total_micro=1, last_read_at=read_at)}
    known = replace(
        case.known,
        posted=case.known.posted | posted,
        moved_at=NOON - moved_ago,
        unequal_since={NOVEMBER: None if unequal_for is None else NOON - unequal_for},
    )
    found = case.compared(known)[1]
    assert found.kind is kind
    assert found.unequal_since == NOON - (unequal_for or timedelta(0))


def test_when_it_is_looked_at_again(case: Case) -> None:
    def look(known: Known) -> datetime | None:
        found = case.compared(known)
        return next_look(known=known, compared=found, now=NOON, settle=SETTLE)

    turn = MIDNIGHT + timedelta(days=1) + STANDING_GRACE
    assert look(case.known) == turn
    wrong = case.known.posted | {NOVEMBER: posted_of(case.charges[NOVEMBER], total_micro=1)}
    moved = NOON - 10 * SECOND
    assert look(replace(case.known, posted=wrong, moved_at=moved)) == moved + SETTLE
    elsewhere = case.known.posted | {
        NOVEMBER: posted_of(case.charges[NOVEMBER], total_micro=1, last_read_at=None)
    }
    assert look(replace(case.known, posted=elsewhere)) == NOON + PATIENCE
    over = replace(case.agreement, end_day=date(2026, 10, 25))
    known = replace(case.known, agreement=over, posted={})
    assert next_look(known=known, compared=[], now=NOON, settle=SETTLE) is None
    assert (
        next_look(known=replace(known, agreement=None), compared=[], now=NOON, settle=SETTLE)
        is None
    )


def test_an_agreement_that_ended_is_charged_up_to_its_end(homes, reads) -> None:
    case = Case(homes, reads)
    end = date(2026, 11, 5)
    charges = case.home.posted(case.readings, today=TODAY, end_day=end).charges
    case.agreement = agreement_of(case.home.agreement(revision=2, end_day=end))
    posted = {each.period_first: posted_of(each) for each in charges}
    assert posted[NOVEMBER].standing_days == 4
    found = case.compared(replace(case.known, agreement=case.agreement, posted=posted))
    assert kinds(found) == {OCTOBER: Kind.AGREES, NOVEMBER: Kind.AGREES}


def test_an_edit_counts(homes, reads) -> None:
    case = Case(homes, reads)
    at = max(case.readings, key=lambda each: each.read_at).read_at + timedelta(hours=1)
    event = case.home.edit(at, EditKind.SET, 80_000)
    case.meter = replace(case.meter, edits=[edit_of(event)])
    assert kinds(case.compared())[NOVEMBER] is Kind.IN_FLIGHT
    with_it = [*case.readings, Reading(case.home.meter_id, at, 80_000, at)]
    case.charges = {
        each.period_first: each for each in case.home.posted(with_it, today=TODAY).charges
    }
    assert kinds(case.compared())[NOVEMBER] is Kind.AGREES


def test_what_bounds_a_meter_counts(homes, reads) -> None:
    """With a modulus the fall is a rollover, without one it charges nothing."""
    case = Case(homes, reads, opening_wh=900_000)
    case.readings = case.home.readings([(10, 990_000), (12, 10_000)])
    assert sum(case.use.wh.values()) == 90_000
    facts = meter_of(case.home.registered(modulus_wh=1_000_000, max_w=500_000)).facts
    case.meter = replace(case.meter, facts=facts)
    assert sum(case.use.wh.values()) == 110_000


def test_all_meters_of_the_account_count_and_no_other_accounts(homes, reads) -> None:
    case = Case(homes, reads)
    once = case.use
    stranger = replace(case.meter.installations[0], account_id=UUID(int=5))
    case.meter = replace(case.meter, installations=[stranger])
    assert case.use.wh == {}
    twice = Use()
    for _ in range(2):
        twice.add(once)
    assert twice.wh == {key: 2 * wh for key, wh in once.wh.items()}
    assert twice.last_read_us == once.last_read_us
    assert set(once.last_read_us) == {OCTOBER, NOVEMBER}


def test_days_of_a_meter_the_newest_first(case: Case) -> None:
    history = MeterHistory(
        terms=case.meter,
        agreements=[(case.agreement, case.tariff)],
        readings=registers(case.readings),
    )
    days = newest_days(history, before=None, limit=100)
    assert [each.day for each in days] == sorted((each.day for each in days), reverse=True)
    assert sum(sum(each.wh.values()) for each in days) == sum(case.use.wh.values())
    assert newest_days(history, before=days[2].key, limit=2) == days[3:5]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_order_repetition_and_interleaving_change_nothing(case: Case, data: st.DataObject) -> None:
    """Readings and charges any number of times, installations in any order: the same outcome."""
    some = data.draw(st.lists(st.sampled_from(case.readings), min_size=1, max_size=20))
    readings = data.draw(st.permutations([*case.readings, *some]))
    second = replace(case.meter.installations[0], account_id=UUID(int=7), from_us=0, to_us=1,
                     opening_wh=None)  # fmt: skip
    installations = data.draw(st.permutations([*case.meter.installations, second]))
    older = [
        msgspec.structs.replace(each, version=0, total_micro=5) for each in case.charges.values()
    ]
    told = data.draw(st.permutations([*case.charges.values(), *older, *case.charges.values()]))
    use = use_of_meter(
        agreement=case.agreement,
        tariff=case.tariff,
        meter=replace(case.meter, installations=installations),
        readings=registers(readings),
    )
    known = replace(
        case.known, posted={each.period_first: posted_of(each) for each in newest(told)}
    )
    assert case.compared(known, use=use) == case.compared()
