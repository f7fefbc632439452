"""Any procedure with any evidence: what is missing is what no choice of the evidence proves."""

from datetime import datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from ledger_procedures import NOON, done, procedure, told

from prepay_ledger.procedures.rules import (
    cut_not_after,
    end_of,
    proves,
)
from prepay_ledger.procedures.values import Evidence, Shortfall, calendar_of
from prewatt_common.contracts.procedure_v1 import (
    Procedure,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LETTER = {"kind": "notice", "forms": ["letter"]}
APPROVAL = {"kind": "approval", "approver_role": "head"}
SECOND = {"kind": "second_person", "approver_role": "head"}


_INSTANTS = st.integers(0, 12).map(lambda hours: NOON - hours * HOUR)
_KINDS = st.sampled_from([LETTER, {"kind": "check"}, APPROVAL])


@st.composite
def _procedures(draw) -> Procedure:
    steps = []
    for _ in range(draw(st.integers(0, 4))):
        step = dict(draw(_KINDS))
        if step["kind"] != "approval" and draw(st.booleans()):
            step["least"] = {"minutes": 60 * draw(st.integers(0, 5))}
        if draw(st.booleans()):
            step["most"] = {"minutes": 60 * draw(st.integers(5, 12))}
        steps.append(step)
        if step["kind"] == "approval" and draw(st.booleans()):
            steps.append(SECOND)
        elif draw(st.integers(0, 5)) == 0:
            steps.append({"kind": "overdue", "least": {"minutes": 60 * draw(st.integers(0, 6))}})
    numbered = [step | {"name": f"s{number}"} for number, step in enumerate(steps)]
    return procedure(*numbered)


_EVIDENCE = st.lists(
    st.builds(
        done,
        st.sampled_from([f"s{number}" for number in range(8)]),
        _INSTANTS,
        by=st.sampled_from(["li", "wu"]),
    ),
    max_size=14,
)
_SHORT = st.integers(3, 14).map(lambda hours: Shortfall(NOON - hours * HOUR, NOON - hours * HOUR))


@given(of=_procedures(), evidence=_EVIDENCE, short=_SHORT)
def test_nothing_is_missing_where_and_only_where_some_choice_of_evidence_proves_all(
    of, evidence, short
):
    assert (told(of, *evidence, short=short) == []) == _some_choice(of, evidence, short, NOON)


def _some_choice(of: Procedure, evidence: list[Evidence], short: Shortfall, now: datetime) -> bool:
    """By trying all: a row a step, in the order of the steps."""
    choices: list[list[Evidence | datetime]] = []
    for step in of.steps:
        if step.kind == "overdue":
            assert step.least
            choices.append([short.exhausted_since + timedelta(minutes=step.least.minutes or 0)])
        else:
            choices.append([each for each in evidence if proves(step, each)])
    return any(_holds(of, chosen, short, now) for chosen in product(*choices))


def _holds(of: Procedure, chosen, short: Shortfall, now: datetime) -> bool:
    before, approver = short.exhausted_since, None
    for step, each in zip(of.steps, chosen, strict=True):
        if isinstance(each, datetime):
            if each > now:
                return False
            before = max(before, each)
            continue
        zone = calendar_of(of.timezone)
        too_old = step.most is not None and end_of(each.at, step.most, zone) <= now
        if each.at < before or too_old or end_of(each.at, step.least, zone) > now:
            return False
        if step.kind == "second_person" and each.by == approver:
            return False
        before, approver = each.at, each.by
    return True


@given(of=_procedures(), evidence=_EVIDENCE, short=_SHORT)
def test_a_cut_may_be_made_until_the_first_instant_at_which_something_is_missing(
    of, evidence, short
):
    if told(of, *evidence, short=short):
        return
    until = cut_not_after(of, customer_class="home", evidence=evidence, short=short, now=NOON)
    # Everything here happens at whole hours.
    for hours in range(30):
        now = NOON + hours * HOUR
        if until is not None and now >= until:
            assert told(of, *evidence, short=short, now=until) != []
            return
        assert told(of, *evidence, short=short, now=now) == []
    assert until is None


@given(of=_procedures(), evidence=_EVIDENCE, short=_SHORT)
def test_earliest_is_when_time_alone_satisfies_a_step(of, evidence, short):
    for name, why, earliest in told(of, *evidence, short=short):
        assert (earliest is not None) == (why == "too_early")
        if earliest is not None:
            assert earliest > NOON
            later = told(of, *evidence, short=short, now=earliest)
            assert (name, "too_early", earliest) not in later
