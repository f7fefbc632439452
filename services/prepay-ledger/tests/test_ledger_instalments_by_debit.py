"""Which instalments a mandate collects, and when: by tables."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from prepay_ledger.debts.rules import asked_of_balance_micro, due_micro, plan_of, taken
from prepay_ledger.debts.values import BillCause, Collected, Debt, Instalment, Origin
from prepay_ledger.mandates.instalments import may_collect, next_instalment, why_not_collected
from prepay_ledger.mandates.rules import asks_for_more
from prepay_ledger.mandates.values import (
    Consent,
    Mandate,
    MandateState,
    Month,
    RequestState,
    Standing,
    Terms,
    TopUpPolicy,
    TopUpRequest,
)

TODAY = date(2026, 3, 15)
CENT = 10_000
"""In micro-units; amounts below are in cents."""
DUE = date(2026, 3, 20)
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DEBT = Debt(
    id=uuid4(),
    account_id=uuid4(),
    source="edit/1",
    origin=Origin(uuid4(), date(2026, 1, 1)),
    cause=BillCause.EDIT,
    our_fault=True,
    used_until=date(2026, 2, 1),
    currency="CNY",
    amount_micro=300 * CENT,
    paid_micro=0,
    lowered_micro=0,
    created_at=NOW,
    plan=plan_of(300 * CENT, instalments=3, first_due=DUE),
)
TERMS = Terms(
    threshold_micro=20 * CENT,
    amount_micro=100 * CENT,
    month_micro_max=300 * CENT,
    month_requests_max=3,
    valid_from=date(2026, 3, 1),
    valid_until=None,
    instalment_micro_max=100 * CENT,
)
MANDATE = Mandate(
    id=uuid4(),
    account_id=DEBT.account_id,
    provider="demo",
    reference="m-1",
    terms=TERMS,
    consent=Consent(by="the customer", reference="paper-1", at=NOW - timedelta(days=20)),
    state=MandateState.ACTIVE,
    state_reason="",
    failures=0,
    retry_on=None,
    waits=None,
    look_at=None,
)
STANDING = Standing(
    balance_micro=500 * CENT,
    today=TODAY,
    has_meter=True,
    is_disputed=False,
    has_open=True,
    month=Month(),
)
REQUEST = TopUpRequest(
    id=uuid4(),
    mandate_id=MANDATE.id,
    account_id=DEBT.account_id,
    provider="demo",
    reference="m-1",
    amount_micro=100 * CENT,
    currency="CNY",
    requested_on=DUE,
    requested_at=NOW,
    state=RequestState.REQUESTED,
    code="",
    payment_id="",
    sends=0,
    send_at=NOW,
    answer_by=None,
    closed_at=None,
    debt_id=DEBT.id,
)
OPEN = Collected(DEBT.id, DUE, 100 * CENT, is_open=True)
CAME = Collected(DEBT.id, DUE, 100 * CENT, is_open=False)
FIRST, SECOND = Instalment(DUE, 100 * CENT), Instalment(date(2026, 4, 20), 100 * CENT)


@pytest.mark.parametrize(
    ("changed", "today", "collected", "expected"),
    [
        ({}, TODAY, (), FIRST),
        ({}, TODAY - timedelta(days=1), (), None),  # six days before
        ({}, DUE, (), FIRST),
        # Held over: asked for as of today, an instalment a month.
        ({}, date(2026, 4, 25), (), Instalment(date(2026, 4, 25), 100 * CENT)),
        ({}, TODAY, (OPEN,), None),
        ({}, TODAY, (Collected(uuid4(), DUE, 100 * CENT, is_open=True),), FIRST),
        (
            {"paid_micro": 100 * CENT},
            date(2026, 4, 16),
            (CAME,),
            Instalment(date(2026, 4, 20), 100 * CENT),
        ),
        ({"paid_micro": 40 * CENT}, TODAY, (), Instalment(DUE, 60 * CENT)),
        ({"paid_micro": 300 * CENT}, TODAY, (), None),
        # In whole cents; what is less than one nobody is asked for by the bank.
        ({"paid_micro": 40 * CENT + 1}, TODAY, (), Instalment(DUE, 59 * CENT)),
        ({"paid_micro": 100 * CENT - 1}, DUE, (), None),
        ({"paused_until": DUE}, TODAY, (), FIRST),
        ({"paused_until": DUE + timedelta(days=1)}, TODAY, (), None),
        ({"plan": ()}, TODAY, (), None),
    ],
)
def test_what_is_asked_for_next(changed, today, collected, expected) -> None:
    owed = replace(DEBT, **changed)
    assert next_instalment(owed, today=today, days_ahead=5, collected=collected) == expected


@pytest.mark.parametrize(
    ("mandate", "standing", "micro", "may"),
    [
        ({}, {}, 100, True),
        ({}, {}, 101, False),
        ({"terms": replace(TERMS, instalment_micro_max=None)}, {}, 100, False),
        ({"state": MandateState.SUSPENDED}, {}, 100, False),
        ({"terms": replace(TERMS, valid_from=DUE + timedelta(days=1))}, {}, 100, False),
        ({"terms": replace(TERMS, valid_until=DUE)}, {}, 100, False),
        ({"terms": replace(TERMS, valid_until=DUE + timedelta(days=1))}, {}, 100, True),
        ({"retry_on": TODAY + timedelta(days=1)}, {}, 100, False),
        ({"retry_on": TODAY}, {}, 100, True),
        ({}, {"has_meter": False}, 100, False),
        ({}, {"is_disputed": True}, 100, False),
        ({}, {"month": Month(counted=3)}, 100, False),
        ({}, {"month": Month(counted=2, counted_micro=200 * CENT)}, 100, True),
        ({}, {"month": Month(counted=2, counted_micro=201 * CENT)}, 100, False),
        ({}, {"month": Month(nothing=3)}, 100, False),
    ],
)
def test_a_mandate_collects_what_it_covers(mandate, standing, micro, may) -> None:
    given = replace(MANDATE, **mandate), replace(STANDING, **standing)
    found = may_collect(
        *given,
        Instalment(DUE, micro * CENT),
        TopUpPolicy(),
        cap_micro=given[0].terms.instalment_micro_max,
    )
    assert found is may


@pytest.mark.parametrize(
    ("mandate", "standing", "debt", "why"),
    [
        ({}, {}, {}, None),
        ({}, {"today": DUE}, {}, None),
        ({"state": MandateState.SUSPENDED}, {}, {}, "mandate-suspended"),
        ({}, {"has_meter": False}, {}, "no-meter"),
        ({}, {"is_disputed": True}, {}, "disputed"),
        ({}, {"today": date(2026, 4, 1)}, {}, "month-over"),
        ({}, {"today": date(2026, 2, 28)}, {}, None),
        ({}, {}, {"paid_micro": 1}, "instalment-not-due"),
        ({}, {}, {"paused_until": date(2026, 3, 21)}, "instalment-not-due"),
        ({}, {}, {"plan": ()}, "instalment-not-due"),
        ({}, {}, None, "instalment-not-due"),
    ],
)
def test_what_was_not_sent_may_be_withdrawn(mandate, standing, debt, why) -> None:
    owed = None if debt is None else replace(DEBT, **debt)
    given = replace(MANDATE, **mandate), REQUEST, replace(STANDING, **standing)
    assert why_not_collected(*given, owed, [OPEN]) == why


@pytest.mark.parametrize("name", ["instalment_micro_max", "statement_micro_max"])
@pytest.mark.parametrize(
    ("before", "after", "more"),
    [(None, 1, True), (100, 101, True), (100, 99, False), (100, None, False), (100, 100, False)],
)
def test_more_needs_consent_of_its_own(name, before, after, more) -> None:
    was, now = (replace(TERMS, **{name: each}) for each in (before, after))
    assert asks_for_more(was, now) is more


def test_the_balance_is_left_alone_while_the_bank_is_asked() -> None:
    assert asked_of_balance_micro(DEBT, DUE, []) == 100 * CENT
    assert asked_of_balance_micro(DEBT, DUE, [OPEN]) == 0
    assert asked_of_balance_micro(DEBT, DUE, [OPEN._replace(debt_id=uuid4())]) == 100 * CENT


def test_of_both_no_more_is_taken_in_a_month_than_one_instalment() -> None:
    late = date(2026, 5, 25)  # all three are due
    came = Collected(DEBT.id, date(2026, 5, 2), 70 * CENT, is_open=False)
    assert due_micro(DEBT, late, collected=[came]) == 30 * CENT
    assert due_micro(taken(DEBT, 30 * CENT, late), late, collected=[came]) == 0
    # What came in another month, or for another debt, counts there.
    other = [came._replace(due_on=date(2026, 4, 30)), came._replace(debt_id=uuid4())]
    assert due_micro(DEBT, late, collected=other) == 100 * CENT
