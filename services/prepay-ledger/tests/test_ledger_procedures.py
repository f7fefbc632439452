"""What the law asks for before a cut: every kind of step by tables, any evidence by Hypothesis."""

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_procedures import LONG_AGO, NOON, done, procedure, shipped, told

from prepay_ledger.procedures.rules import (
    cut_not_after,
    missing_steps,
    steps_of,
)
from prepay_ledger.procedures.values import DIRECT, Evidence, EvidenceKind, Shortfall
from prewatt_common.contracts.procedure_v1 import (
    InvalidProcedure,
    canonical,
    document_of,
    procedure_of,
    sha256_of,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LETTER = {"kind": "notice", "forms": ["letter"]}
APPROVAL = {"kind": "approval", "approver_role": "head"}
SECOND = {"kind": "second_person", "approver_role": "head"}
STEPS = {
    "notice": LETTER,
    "demand": {"kind": "demand", "forms": ["letter"]},
    "low": {"kind": "low_balance_notice", "forms": ["sms"]},
    "approval": APPROVAL,
    "filing": {"kind": "filing", "filed_with": "the department"},
    "check": {"kind": "check"},
}
EXAMPLES = ("cn-arrears", "cn-prepay", "in-arrears", "gb-prepay", "direct")


@pytest.mark.parametrize(
    ("name", "least"),
    [
        (name, least)
        for name in STEPS
        for least in (None, {"minutes": 30}, {"days": 3}, {"clear_days": 2})
        if name != "approval" or least is None
    ],
)
@pytest.mark.parametrize("most", [None, {"days": 7}])
def test_a_step_counts_from_its_least_to_its_most_after_it(name, least, most):
    step = STEPS[name] | ({"least": least} if least else {}) | ({"most": most} if most else {})
    of = procedure(step | {"name": "it"})
    form = step.get("forms", [""])[0]
    begin = NOON + {"minutes": 30 * HOUR / 60, "days": 3 * DAY, "clear_days": 2.5 * DAY}.get(
        next(iter(least), "") if least else "", timedelta()
    )
    evidence = done("it", NOON, form=form)
    moment = timedelta(microseconds=1)
    if least:
        assert told(of, evidence, now=begin - moment) == [("it", "too_early", begin)]
    assert told(of, evidence, now=begin) == []
    end = NOON + 7 * DAY
    assert told(of, evidence, now=end - moment) == []
    assert told(of, evidence, now=end) == ([("it", "too_old", None)] if most else [])
    assert told(of, now=begin) == [("it", "not_done", None)]
    assert cut_not_after(
        of, customer_class="home", evidence=[evidence], short=LONG_AGO, now=begin
    ) == (end if most else None)


@pytest.mark.parametrize(
    ("zone", "told_at", "first"),
    [
        # 15 whole days between the two days, wherever in its day the notice came.
        ("Asia/Kolkata", "2026-03-02T00:00+05:30", "2026-03-18T00:00+05:30"),
        ("Asia/Kolkata", "2026-03-02T23:59+05:30", "2026-03-18T00:00+05:30"),
        # Over the change of the clock.
        ("Europe/London", "2026-03-20T12:00+00:00", "2026-04-05T00:00+01:00"),
    ],
)
def test_clear_days_are_whole_local_days(zone, told_at, first):
    of = procedure(LETTER | {"name": "it", "least": {"clear_days": 15}}, timezone=zone)
    first_instant = datetime.fromisoformat(first)
    evidence = done("it", datetime.fromisoformat(told_at))
    assert told(of, evidence, now=first_instant - HOUR) == [("it", "too_early", first_instant)]
    assert told(of, evidence, now=first_instant) == []


def test_days_count_from_when_it_is_known_and_age_from_when_it_was_said():
    of = procedure(LETTER | {"name": "it", "least": {"days": 3}, "most": {"days": 7}})
    evidence = done("it", NOON, said_at=NOON - 2 * DAY)
    begin, end = NOON + 3 * DAY, NOON + 5 * DAY
    moment = timedelta(microseconds=1)
    assert told(of, evidence, now=begin - moment) == [("it", "too_early", begin)]
    assert told(of, evidence, now=begin) == told(of, evidence, now=end - moment) == []
    assert told(of, evidence, now=end) == [("it", "too_old", None)]
    assert (
        cut_not_after(of, customer_class="home", evidence=[evidence], short=LONG_AGO, now=begin)
        == end
    )
    # Said before money was short, it was about another time, whenever its receipt came.
    short = Shortfall(NOON - DAY, NOON - DAY)
    assert told(of, evidence, now=begin, short=short) == [("it", "not_done", None)]


@given(
    # Days from noon: when it was said, so much later it was known, money was short, and it is now.
    days=st.tuples(
        st.integers(-20, 20), st.integers(0, 10), st.integers(-20, 20), st.integers(-20, 40)
    ),
    least=st.sampled_from([None, {"days": 3}, {"clear_days": 2}]),
    most=st.sampled_from([None, {"days": 7}]),
)
def test_two_instants_never_prove_more_than_either_alone(days, least, most):
    said, later, since, now = days
    leads = ({"least": least} if least else {}) | ({"most": most} if most else {})
    of = procedure(LETTER | {"name": "it"} | leads)
    first, second = NOON + said * DAY, NOON + (said + later) * DAY
    at, short = NOON + now * DAY, Shortfall(NOON + since * DAY, NOON + since * DAY)
    if not told(of, done("it", second, said_at=first), now=at, short=short):
        for alone in (first, second):
            assert told(of, done("it", alone), now=at, short=short) == []


def test_what_is_of_an_earlier_shortfall_or_of_another_form_or_step_proves_nothing():
    of = procedure(LETTER | {"name": "it"})
    short = Shortfall(NOON - 2 * DAY, NOON - DAY)
    nothing = [("it", "not_done", None)]
    assert told(of, done("it", NOON - DAY), short=short) == []
    assert told(of, done("it", NOON - DAY - HOUR), short=short) == nothing
    assert told(of, done("it", NOON, form="sms")) == nothing
    assert told(of, done("other", NOON)) == nothing
    assert told(of, done("it", NOON + HOUR)) == nothing, "it is yet to come"
    assert told(of, done("it", NOON, kind=EvidenceKind.HINDRANCE)) == nothing
    assert told(of, done("it", NOON, kind=EvidenceKind.NOTICE)) == nothing


@pytest.mark.parametrize("template", ["low-balance", "balance-exhausted", "topped-up"])
@pytest.mark.parametrize("channel", ["sms", "log"])
def test_the_notifiers_delivery_counts_where_the_procedure_accepts_the_channel(template, channel):
    of = procedure(STEPS["low"] | {"name": "it"})
    short = Shortfall(NOON - DAY, NOON)
    notice = done(template, NOON - HOUR, form=channel, kind=EvidenceKind.NOTICE)
    counts = template != "topped-up" and channel == "sms"
    assert told(of, notice, short=short) == ([] if counts else [("it", "not_done", None)])
    stated = procedure(STEPS["low"] | {"name": "it", "forms": ["sms", "log"]})
    assert (told(stated, notice, short=short) == []) == (template != "topped-up")


@pytest.mark.parametrize(
    ("kind", "template", "form", "counts"),
    [
        ("demand", "payment-reminder", "in_person", True),
        ("demand", "payment-reminder", "sms", False),
        ("demand", "low-balance", "in_person", False),
        ("notice", "payment-reminder", "in_person", False),
    ],
)
def test_a_reminder_that_was_delivered_is_a_demand(kind, template, form, counts):
    of = procedure({"kind": kind, "name": "it", "forms": ["letter", "in_person"]})
    notice = done(template, NOON - HOUR, form=form, kind=EvidenceKind.NOTICE)
    assert (told(of, notice) == []) is counts


@pytest.mark.parametrize(
    ("kind", "since"), [("warning_state", NOON - 3 * DAY), ("overdue", NOON - 2 * DAY)]
)
def test_a_wait_needs_nothing_but_time(kind, since):
    of = procedure({"kind": kind, "name": "it", "least": {"days": 4}})
    short = Shortfall(NOON - 3 * DAY, NOON - 2 * DAY)
    assert told(of, short=short) == [("it", "too_early", since + 4 * DAY)]
    assert told(of, short=short, now=since + 4 * DAY) == []


def test_an_approval_is_by_somebody_of_the_role():
    of = procedure(APPROVAL | {"name": "it"})
    assert told(of, done("it", NOON, role="clerk")) == [("it", "not_done", None)]
    assert told(of, done("it", NOON, role="head")) == []


def test_steps_are_done_in_their_order():
    of = procedure({"kind": "check", "name": "first"}, {"kind": "check", "name": "second"})
    early, late = NOON - 2 * HOUR, NOON - HOUR
    assert told(of, done("first", early), done("second", late)) == []
    assert told(of, done("first", late), done("second", early)) == [("second", "not_done", None)]
    assert told(of, done("second", early)) == [
        ("first", "not_done", None),
        ("second", "step_before_missing", None),
    ]


def test_what_was_done_before_a_wait_was_over_is_done_again():
    of = procedure(
        {"kind": "overdue", "name": "wait", "least": {"days": 2}}, {"kind": "check", "name": "it"}
    )
    short = Shortfall(NOON - 2 * DAY, NOON - 2 * DAY)
    assert told(of, done("it", NOON - HOUR), short=short) == [("it", "not_done", None)]
    assert told(of, done("it", NOON), short=short) == []


def test_the_second_person_is_another_than_the_first():
    of = procedure(APPROVAL | {"name": "one"}, SECOND | {"name": "two"})
    one = done("one", NOON - 3 * HOUR, by="li")
    assert told(of, one, done("two", NOON, by="li")) == [("two", "not_done", None)]
    assert told(of, one, done("two", NOON, by="wu")) == []
    # Wu approved too, and Li agreed to that.
    again = done("one", NOON - 2 * HOUR, by="wu")
    assert told(of, one, again, done("two", NOON - HOUR, by="li")) == []


def test_a_step_for_important_customers_is_owed_to_them_alone():
    of = procedure_of(shipped("cn-arrears"))
    names = {each.name for each in steps_of(of, "home")}
    assert {each.name for each in steps_of(of, "important")} - names == {"filing"}


@pytest.mark.parametrize("name", ["paid_under_protest", "complaint_open"])
def test_a_hindrance_forbids_the_cut_whatever_was_done_and_whenever_it_began(name):
    of = procedure(LETTER | {"name": "it"}, hindrances=[name])
    letter = done("it", NOON - DAY)
    protest = done(name, LONG_AGO.low_since - 100 * DAY, kind=EvidenceKind.HINDRANCE)
    assert told(of, letter, protest) == [(name, "forbidden", None)]
    assert told(of, letter) == []
    assert told(procedure(LETTER | {"name": "it"}), letter, protest) == []


def test_china_arrears_from_the_first_day_to_the_cut():
    of = procedure_of(shipped("cn-arrears"))
    shanghai = "+08:00"
    begin = datetime.fromisoformat(f"2026-03-01T09:00{shanghai}")
    short = Shortfall(begin, begin)
    over = datetime.fromisoformat(f"2026-04-01T00:00{shanghai}")
    evidence: list[Evidence] = []

    def missing(now: datetime):
        return [(name, why) for name, why, _ in told(of, *evidence, now=now, short=short)]

    assert missing(over - HOUR)[0] == ("overdue-30-days", "too_early")
    evidence.append(done("demand-in-writing", over + HOUR))
    evidence.append(done("approval", over + 2 * HOUR, form="", role="person-in-charge"))
    evidence.append(done("notice-3-to-7-days", over + 3 * HOUR, form="in_person"))
    assert missing(over + DAY) == [
        ("notice-3-to-7-days", "too_early"),
        ("notice-30-minutes", "not_done"),
    ]
    cut = over + 4 * DAY
    evidence.append(done("notice-30-minutes", cut - HOUR / 2, form="sms"))
    assert missing(cut - HOUR / 60) == [("notice-30-minutes", "too_early")]
    assert missing(cut) == []
    assert (
        cut_not_after(of, customer_class="home", evidence=evidence, short=short, now=cut)
        == cut + 1.5 * HOUR
    )
    assert missing(over + 3 * HOUR + 7 * DAY)[0] == ("notice-3-to-7-days", "too_old")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_procedure_and_none_is_taken_for_verified(name):
    of = procedure_of(shipped(name))
    assert procedure_of(document_of(of)) == of
    assert of.verified == (name == "direct")
    assert name == "direct" or "to be verified by the utility" in of.title
    assert name == "direct" or of.sources
    assert canonical(of) == canonical(procedure_of(shipped(name)))
    assert len(sha256_of(of)) == 64
    assert (of == DIRECT) == (name == "direct")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "notice"}, "`forms` say how it may reach the customer"),
        ({"kind": "check", "forms": ["sms"]}, "`forms` say how it may reach the customer"),
        ({"kind": "approval"}, "`approver_role` says who may approve"),
        ({"kind": "filing"}, "`filed_with` says with whom"),
        ({"kind": "overdue"}, "a wait needs `least`"),
        ({"kind": "overdue", "least": {"days": 1}, "most": {"days": 2}}, "a wait does not age"),
        (APPROVAL | {"least": {"days": 1}}, "an approval counts at once"),
        (LETTER | {"most": {"clear_days": 3}}, "clear days only bound from below"),
        (LETTER | {"least": {"days": 3}, "most": {"days": 2}}, "nothing is at least as old"),
        (LETTER | {"least": {"clear_days": 2}, "most": {"days": 3}}, "nothing is at least as old"),
        (LETTER | {"least": {}}, "give one of minutes, days and clear_days"),
        (LETTER | {"least": {"days": 1, "minutes": 1}}, "give one of minutes, days"),
        (LETTER | {"least": {"days": 0}}, "`int` >= 1"),
        (SECOND, "the second person's step follows the approval's"),
        (LETTER | {"name": "low-balance"}, "is the name of something else"),
        (LETTER | {"name": "No Name"}, "$.steps[0].name"),
        (LETTER | {"lest": {"days": 1}}, "unknown field `lest`"),
        ({"kind": "pray"}, "Invalid enum value 'pray' - at `$.steps[0].kind`"),
        (LETTER | {"what": ""}, "$.steps[0].what"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_in_one_line(wrong, said):
    with pytest.raises(InvalidProcedure) as refused:
        procedure(wrong)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_steps_of_one_name_and_a_zone_that_is_none_are_refused():
    with pytest.raises(InvalidProcedure, match="two steps are named it"):
        procedure(LETTER | {"name": "it"}, LETTER | {"name": "it"})
    for zone in ("Mars/Olympus", "../etc/passwd", "\0"):
        with pytest.raises(InvalidProcedure, match="no time zone"):
            procedure(timezone=zone)
    for document in (None, [], "it", {}, {"steps": [[[]]]}):
        with pytest.raises(InvalidProcedure):
            procedure_of(document)


def test_twenty_thousand_accounts_cost_nothing_under_direct_and_little_with_steps():
    arrears = procedure_of(shipped("in-arrears"))
    evidence = [done("notice-15-clear-days", NOON - 20 * DAY, form="letter")]
    for of, usual_us in ((DIRECT, 0.2), (arrears, 5)):
        begin = time.process_time()
        for _ in range(20_000):
            assert not missing_steps(
                of, customer_class="home", evidence=evidence, short=LONG_AGO, now=NOON
            )
        each_us = (time.process_time() - begin) / 20_000 * 1e6
        print(f"{of.jurisdiction}: {each_us:.2f} us an account")
        assert each_us < usual_us * 20
