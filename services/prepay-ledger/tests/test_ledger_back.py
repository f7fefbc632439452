"""A refund through its provider, by rules alone: when it is asked, what follows in any order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.payments.taken_back import Movement, refunds_told
from prepay_ledger.providers.values import Kind
from prepay_ledger.refunds.back import (
    LONGEST_LOOK,
    LONGEST_PAUSE,
    LOOK_EVERY,
    SEND_WITHIN,
    TOLD_WITHIN,
    agreed,
    asking,
    closed,
    follows,
    given_otherwise,
    not_answered,
    requested,
    taken,
    unanswered,
    went_micro,
)
from prepay_ledger.refunds.rules import why_not_back, why_not_to
from prepay_ledger.refunds.values import (
    Back,
    BackState,
    Order,
    PaidBefore,
    Payee,
    Refund,
    RefundState,
    Way,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = UUID(int=1)
OTHER = UUID(int=2)
REQUESTED = requested(
    Refund(
        id=ID, account_id=ID, amount_micro=70, currency="CNY", way=Way.PROVIDER, payee_id=ID,
        payee=Payee(holder="p/pay-1"), state=RefundState.IN_TRANSIT, ordered_at=NOW, payment=OTHER,
    ),
    PaidBefore(
        id=OTHER, provider="p", payment_id="pay-1", account_id=ID, amount_micro=100,
        taken_back_micro=30, currency="CNY", under_way=None,
    ),
)  # fmt: skip


def asked(back: Back, now: datetime) -> Back:
    after = asking(back, now=now)
    assert after is not None
    return after


def test_it_is_asked_again_ever_later_and_then_a_person_looks() -> None:
    back, now, times = REQUESTED, NOW, []
    while (after := asking(back, now=now)) is not None:
        times.append(now)
        assert after.send_at is not None
        assert asking(after, now=now) is None
        back = not_answered(after, "answered 500")
        now = after.send_at
    assert (back.state, back.code) == (BackState.SENDING, "answered 500")
    assert back.answer_by == NOW + SEND_WITHIN
    assert times[-1] < NOW + SEND_WITHIN
    pauses = [second - first for first, second in pairwise(times)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=10), LONGEST_PAUSE)
    assert asking(unanswered(back, "nothing", now=now), now=now) is None
    assert asking(closed(back, BackState.DONE), now=now) is None


def test_it_is_not_asked_for_the_first_time_once_its_key_may_be_forgotten() -> None:
    """A database that was restored does not know that it was asked before."""
    assert asked(REQUESTED, NOW + SEND_WITHIN - timedelta(seconds=1)).sends == 1
    assert asking(REQUESTED, now=NOW + SEND_WITHIN) is None
    assert REQUESTED.answer_by == NOW + SEND_WITHIN


@pytest.mark.parametrize("looks", [True, False])
def test_what_the_provider_has_is_looked_up_where_it_can_be(looks: bool) -> None:
    back = taken(asked(REQUESTED, NOW), "re_1", now=NOW, looks=looks)
    assert (back.state, back.movement_id) == (BackState.ACCEPTED, "re_1")
    assert back.answer_by == NOW + TOLD_WITHIN
    later = NOW + timedelta(days=1)
    assert (asking(back, now=later) is not None) is looks
    if looks:
        assert asked(back, later).state is BackState.ACCEPTED
    # What the first answer named stays, and so does what has ended.
    assert taken(back, "re_2", now=later, looks=looks).movement_id == "re_1"
    done = closed(back, BackState.DONE)
    assert taken(done, "re_1", now=later, looks=looks) == done
    assert not_answered(done, "answered 500") == done


def test_what_a_person_has_to_close_is_looked_up_ever_more_seldom_and_never_asked_again() -> None:
    accepted = taken(asked(REQUESTED, NOW), "re_1", now=NOW, looks=True)
    since = NOW + TOLD_WITHIN
    back, now, times = unanswered(accepted, "nothing", now=since, looks=True), since, [since]
    assert asking(back, now=since) is None
    while len(times) < 40:
        assert back.send_at is not None
        now = back.send_at
        back = asked(back, now)
        assert (back.state, back.sends) == (BackState.UNANSWERED, accepted.sends)
        times.append(now)
        back = not_answered(taken(back, "re_1", now=now, looks=True), "answered 500")
    pauses = [second - first for first, second in pairwise(times)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (LOOK_EVERY, LONGEST_LOOK)
    assert back.code == "nothing"
    assert asking(closed(back, BackState.REFUSED), now=now + LONGEST_LOOK) is None


def test_one_that_never_answered_and_has_it_after_all_is_waited_for_as_any_other() -> None:
    silent = unanswered(asked(REQUESTED, NOW), "nothing", now=NOW + SEND_WITHIN, looks=True)
    later = NOW + SEND_WITHIN + LOOK_EVERY
    back = taken(asked(silent, later), "re_1", now=later, looks=True)
    assert (back.state, back.answer_by) == (BackState.ACCEPTED, later + TOLD_WITHIN)


def told(kind: Kind, movement_id: str = "re_1") -> Movement:
    return Movement(kind=kind, movement_id=movement_id, amount_micro=9, currency="CNY")


@given(
    st.lists(st.sampled_from([Kind.REFUNDED, Kind.REFUND_FAILED]), min_size=1, max_size=6),
    st.booleans(),
)
def test_the_account_has_the_money_unless_the_payer_has(kinds: list[Kind], cancelled: bool) -> None:
    """After each event, in any order and repeated, wherever the refund began."""
    state = RefundState.CANCELLED if cancelled else RefundState.IN_TRANSIT
    account, transit, provider = (0, 0, 0) if cancelled else (-1, 1, 0)
    movements: list[Movement] = []
    for kind in kinds:
        movements.append(told(kind))
        went = refunds_told(movements)["re_1"]
        found = follows(state, went=went)
        if found is not None:
            state = found.state
            account += found.balance_micro(asked_micro=1, went_micro=1)
            transit += found.in_transit
            provider += found.clearing
        assert account + transit + provider == 0
        assert follows(state, went=went) is None
    failed = Kind.REFUND_FAILED in kinds
    assert (account, transit, provider) == ((0, 0, 0) if failed else (-1, 0, 1))
    assert (state is RefundState.PAID) is not failed


def test_disputes_are_no_refunds_and_a_failure_is_the_last_word() -> None:
    several = [
        told(Kind.REFUND_FAILED), told(Kind.REFUNDED), told(Kind.REFUNDED, "re_2"),
        told(Kind.DISPUTED, "dp_1"), told(Kind.REVERSED, "rv_1"),
    ]  # fmt: skip
    assert refunds_told(several) == {"re_1": False, "re_2": True}


@pytest.mark.parametrize("state", RefundState)
@pytest.mark.parametrize("went", [True, False])
@pytest.mark.parametrize("went_micro", [1, 70, 90])
def test_what_follows_sums_to_zero_whatever_amount_went(
    state: RefundState, went: bool, went_micro: int
) -> None:
    found = follows(state, went=went)
    if found is None:
        return
    balance_micro = found.balance_micro(asked_micro=70, went_micro=went_micro)
    assert balance_micro + found.in_transit * 70 + found.clearing * went_micro == 0


def test_another_amount_is_the_refunds_only_once_two_people_have_taken_it_for_it() -> None:
    refund = Refund(
        id=ID, account_id=ID, amount_micro=70, currency="CNY", way=Way.PROVIDER, payee_id=ID,
        payee=Payee(holder="p/pay-1"), state=RefundState.IN_TRANSIT, ordered_at=NOW,
    )  # fmt: skip
    back = given_otherwise(
        asked(REQUESTED, NOW), "re_1", given_micro=60, code="60, not 70", now=NOW
    )
    assert (back.state, back.movement_id) == (BackState.OTHER_AMOUNT, "re_1")
    assert asking(back, now=NOW + TOLD_WITHIN) is None
    assert went_micro(back, refund) == 70
    assert went_micro(closed(back, BackState.DONE), refund) == 70, "as asked for, after all"
    taken_for_it = agreed(back)
    assert went_micro(taken_for_it, refund) == 60
    assert went_micro(closed(taken_for_it, BackState.DONE), refund) == 60


def paid(**more: object) -> PaidBefore:
    known: dict[str, object] = {
        "id": OTHER, "provider": "p", "payment_id": "pay-1", "account_id": ID, "amount_micro": 100,
        "taken_back_micro": 30, "currency": "CNY", "under_way": None,
    }  # fmt: skip
    return PaidBefore(**known | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payment", "micro", "why"),
    [
        (paid(), 70, None),
        (paid(), 71, "70 micro-units are left"),
        (paid(account_id=None), 1, "does not have that payment's money"),
        (paid(account_id=OTHER), 1, "does not have that payment's money"),
        (paid(currency="EUR"), 1, "was in EUR, not CNY"),
        (paid(under_way=ID), 1, "is under way"),
    ],
)
def test_what_may_go_back_to_a_payment(payment: PaidBefore, micro: int, why: str | None) -> None:
    order = Order(
        account_id=ID,
        amount_micro=micro,
        way=Way.PROVIDER,
        payee=Payee(holder="p/pay-1"),
        key="k",
        decided=None,  # type: ignore[arg-type]
        payment=OTHER,
    )
    found = why_not_back(payment, order, currency="CNY")
    assert (found is None) if why is None else (found is not None and why in found)


@pytest.mark.parametrize(
    ("payee", "way", "payment", "why"),
    [
        (Payee(holder="p/pay-1"), Way.PROVIDER, ID, None),
        (Payee(holder="p/pay-1"), Way.PROVIDER, None, "say to which payment"),
        (Payee(holder="n"), Way.CASH, ID, "cash goes back to no payment"),
        (Payee(holder=""), Way.CASH, None, "say who is paid"),
        (Payee(holder="n", bank_account="X1234"), Way.PROVIDER, ID, "has no bank account"),
        (Payee(holder="n", bank_code="X"), Way.PROVIDER, ID, "has no bank"),
    ],
)
def test_to_whom_it_goes(payee: Payee, way: Way, payment: UUID | None, why: str | None) -> None:
    found = why_not_to(payee, way, payment=payment)
    assert (found is None) if why is None else (found is not None and why in found)
