"""Events that come again, or late, take nothing back that a newer one had told."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_notifier_planning import (
    ACCOUNT,
    QUEUED,
    WITHDRAWN,
    credited,
    exhausted,
    low,
    numbered,
    plan,
    reminder,
    said,
    supply,
    topped_up,
)

from notifier.notices.calls import Account
from notifier.notices.order import Place, Told, is_overtaken, newer, told_by
from notifier.notices.overtaken import OpenNotice
from notifier.notices.planning import Cause
from notifier.notices.values import Notice, Template
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import (
    Credited,
    PaymentTakenBack,
    SupplyChanged,
    SupplyState,
    ToppedUp,
)

MOVES = (ToppedUp, Credited, PaymentTakenBack)


@dataclass
class Book:
    """What the notifier keeps, without its database."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    withdrawn: set[UUID] = field(default_factory=set)

    def take(self, *causes: Cause) -> None:
        made = plan(
            *causes,
            taken={notice.cause_id for notice in self.notices},
            accounts=self.accounts,
            open_notices=[
                OpenNotice(n.id, n.account_id, n.template, n.settled_above_micro)
                for n in self.notices
                if n.status is QUEUED and n.id not in self.withdrawn
            ],
        )
        self.accounts |= made.accounts
        self.notices += made.notices
        self.withdrawn |= set(made.withdrawn)

    def told(self) -> list[tuple[UUID, Template, bool]]:
        """Each notice by its cause, and whether it waits to be sent."""
        return [
            (n.cause_id, n.template, n.status is QUEUED and n.id not in self.withdrawn)
            for n in self.notices
        ]


def causes_of(*events) -> list[Cause]:
    return [Cause(uuid4(), event) for event in events]


@pytest.mark.parametrize("newer_one", [low(), exhausted(), reminder()])
def test_a_credit_that_comes_again_withdraws_no_newer_notice(newer_one):
    """A credit makes no notice that a repeat of it would be known by."""
    book = Book()
    first, second = causes_of(numbered(credited(500), 7), numbered(newer_one, 8))
    book.take(first, second)
    before = book.told()
    book.take(first)
    assert book.told() == before
    assert [waits for *_, waits in before] == [True]


def test_a_credit_again_after_what_was_decided_by_the_same_balance():
    """Cut with a little money left, as its class may be: that it is off stays to be said."""
    book = Book()
    causes = causes_of(numbered(credited(3), 7), numbered(supply(SupplyState.DISCONNECTED), 7))
    book.take(*causes)
    book.take(*causes)
    assert [waits for *_, waits in book.told()] == [True]


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (low(), []),
        (exhausted(), []),
        (reminder(), []),
        (supply(SupplyState.DISCONNECTED), []),
        (credited(500), []),
        # Money came: a receipt is told however late.
        (topped_up(500), [(Template.TOPPED_UP, QUEUED)]),
    ],
)
def test_what_comes_late_for_the_first_time_is_told_only_if_it_is_a_receipt(late, expected):
    told = told_by(numbered(late, 8))
    assert told is not None
    account = Account(ACCOUNT, newest=Told(Place(9, is_decided=True), told.at))
    warning = OpenNotice(uuid4(), ACCOUNT, Template.LOW_BALANCE, 20)
    made = plan(numbered(late, 8), accounts={ACCOUNT: account}, open_notices=[warning])
    assert said(made) == expected
    assert made.withdrawn == []
    assert made.accounts == {}


def test_both_orders_of_a_warning_and_the_payment_after_it():
    warning, payment = numbered(low(), 7), numbered(topped_up(500), 8)
    assert said(plan(warning, payment)) == [
        (Template.LOW_BALANCE, WITHDRAWN),
        (Template.TOPPED_UP, QUEUED),
    ]
    assert said(plan(payment, warning)) == [(Template.TOPPED_UP, QUEUED)]


def test_places():
    now = utc_now()
    moved, decided = Told(Place(7, is_decided=False), now), Told(Place(7, is_decided=True), now)
    for told, event in ((moved, credited(1)), (decided, low())):
        assert told_by(numbered(event, 7)) == told._replace(at=event.at)
    assert moved.place < decided.place < Place(8, is_decided=False)
    assert newer(None, None) is None
    assert newer(moved, None) == newer(None, moved) == moved
    assert newer(moved, decided) == newer(decided, moved) == decided
    assert is_overtaken(moved, decided)
    assert not is_overtaken(decided, moved)
    assert not is_overtaken(moved, moved)
    assert not is_overtaken(None, decided)
    assert not is_overtaken(decided, None)


def test_a_ledger_that_was_restored_tells_news_by_numbers_that_were_told_before():
    """Until somebody accepts what was lost; its warnings are told once and never again."""
    book = Book()
    warned, paid = numbered(low(), 8), numbered(topped_up(500), 9)
    book.take(*causes_of(warned, paid))
    again = msgspec.structs.replace(numbered(low(), 8), at=paid.at + timedelta(hours=1))
    book.take(*causes_of(again))
    assert [(template, waits) for _, template, waits in book.told()] == [
        (Template.LOW_BALANCE, False),
        (Template.TOPPED_UP, True),
        (Template.LOW_BALANCE, True),
    ]
    # What was sent before the restore and comes again is known all the same.
    book.take(*causes_of(numbered(credited(1), 9)))
    assert book.told()[-1][2]


_MOVED = st.one_of(
    st.builds(topped_up, st.integers(-50, 100)), st.builds(credited, st.integers(-50, 100))
)
_DECIDED = st.one_of(
    st.builds(low, st.integers(-50, 20)),
    st.builds(exhausted, st.integers(-50, 0)),
    st.builds(reminder, st.integers(-50, 50)),
    st.builds(supply, st.sampled_from(SupplyState)),
)


@st.composite
def histories(draw) -> list[Cause]:
    """As the ledger tells: each movement has a number of its own, and use moves balances unseen, as
    it does here before supply is told of anew."""
    number, events = 0, []
    for event in draw(st.lists(st.one_of(_MOVED, _DECIDED), max_size=12)):
        least = 1 if isinstance(event, (*MOVES, SupplyChanged)) else 0
        number += least if isinstance(event, MOVES) else draw(st.integers(least, 2))
        second = len(events)
        events.append(numbered(at_second(event, second), number))
    return causes_of(*events)


def at_second(event, second: int):
    return msgspec.structs.replace(event, at=event.at + timedelta(seconds=second))


@given(history=histories(), data=st.data())
def test_however_often_a_stretch_comes_again_the_same_is_told(history, data):
    """Each time from some event on, or from the first, and once more to the end."""
    straight, book = Book(), Book()
    for cause in history:
        straight.take(cause)
    upto = 0
    while upto < len(history):
        begin = data.draw(st.integers(0, upto), label="begin")
        end = data.draw(st.integers(upto + 1, len(history)), label="end")
        book.take(*history[begin:end])
        upto = end
    book.take(*history)
    assert book.told() == straight.told()
    assert book.accounts == straight.accounts


@given(history=histories(), data=st.data())
def test_in_any_order_nothing_old_is_told_once_the_newest_is_known(history, data):
    """Not even what would be planned for the first time: each state told is of the newest place."""
    book = Book()
    for cause in data.draw(st.permutations(history)):
        before = book.accounts.get(ACCOUNT, Account(ACCOUNT)).newest
        known = len(book.notices)
        book.take(cause)
        if is_overtaken(told_by(cause.event), before):
            assert {n.template for n in book.notices[known:]} <= {Template.TOPPED_UP}
            assert book.accounts[ACCOUNT].newest == before
