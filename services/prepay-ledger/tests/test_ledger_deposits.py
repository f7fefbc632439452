"""What may be held, drawn and given back of a deposit: by tables, and any sequence of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.approvals.values import ActKind
from prepay_ledger.deposits.acts import (
    act_of_draw,
    act_of_hold,
    act_of_release,
    debt_of,
    key_of,
    place_of,
    terms_of,
)
from prepay_ledger.deposits.rules import (
    why_not_drawn,
    why_not_held,
    why_not_received,
    why_not_released,
)
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, StepAction, Terms
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id

TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)
CASH, GUARANTEE = DepositKind.CASH, DepositKind.GUARANTEE


def held(kind: DepositKind, micro: int = 100, **terms: object) -> Deposit:
    given_terms: dict[str, object] = {
        "kind": kind,
        "amount_micro": micro,
        "currency": "CNY",
        "issuer": "First Bank" if kind is GUARANTEE else "",
        "reference": "G-17",
        "valid_from": TODAY,
        "valid_until": TODAY + 30 * DAY if kind is GUARANTEE else None,
    } | terms
    return Deposit(id=new_id(), account_id=new_id(), terms=Terms(**given_terms))


@pytest.mark.parametrize(
    ("deposit", "place", "said"),
    [
        (held(CASH), Place.BANK, None),
        (held(CASH), Place.BALANCE, None),
        (held(CASH), None, "where the money came from"),
        (held(CASH, issuer="First Bank"), Place.BANK, "cash has no issuer"),
        (held(CASH, valid_until=TODAY - DAY), Place.CASH, "is over"),
        (held(GUARANTEE), None, None),
        (held(GUARANTEE), Place.BANK, "nothing is paid for a guarantee"),
        (held(GUARANTEE, issuer=""), None, "names its issuer"),
        (held(GUARANTEE, valid_until=None), None, "until when"),
        (held(GUARANTEE, valid_until=TODAY), None, None),
        (held(GUARANTEE, valid_from=TODAY - 9 * DAY, valid_until=TODAY - DAY), None, "is over"),
    ],
)
def test_what_may_be_held(deposit: Deposit, place: Place | None, said: str | None) -> None:
    why = why_not_held(deposit.terms, place=place, today=TODAY)
    assert (why is None) if said is None else (why is not None and said in why)


@pytest.mark.parametrize(
    ("deposit", "micro", "owed", "today", "said"),
    [
        (held(CASH), 100, 100, TODAY, None),
        (held(CASH), 101, 200, TODAY, "100 micro-units of it are left"),
        (held(CASH), 60, 50, TODAY, "50 micro-units are owed"),
        (held(CASH, valid_until=TODAY), 60, 60, TODAY + 9 * DAY, None),
        (held(GUARANTEE), 100, 100, TODAY, None),
        (held(GUARANTEE), 100, 100, TODAY + 30 * DAY, None),
        (held(GUARANTEE), 100, 100, TODAY + 31 * DAY, "held until 2026-04-09"),
        (held(GUARANTEE), 100, 100, TODAY - DAY, "holds from 2026-03-10"),
    ],
)
def test_what_may_be_drawn(
    deposit: Deposit, micro: int, owed: int, today: date, said: str | None
) -> None:
    why = why_not_drawn(deposit, micro, owed_micro=owed, today=today)
    assert (why is None) if said is None else (why is not None and said in why)


def test_an_issuer_pays_what_it_was_called_on_for_and_cash_is_there_already() -> None:
    called = Deposit(
        id=new_id(), account_id=new_id(), terms=held(GUARANTEE).terms, drawn_micro=60,
        received_micro=20,
    )  # fmt: skip
    assert why_not_received(called, 40) is None
    assert "for 40 micro-units more, not 41" in (why_not_received(called, 41) or "")
    assert "there already" in (why_not_received(held(CASH), 1) or "")


def test_cash_goes_somewhere_and_a_paper_nowhere() -> None:
    assert why_not_released(held(CASH), 100, place=Place.CASH) is None
    assert why_not_released(held(GUARANTEE), 100, place=None) is None
    assert "where the money goes" in (why_not_released(held(CASH), 100, place=None) or "")
    assert "no money goes" in (why_not_released(held(GUARANTEE), 1, place=Place.BANK) or "")
    assert "100 micro-units" in (why_not_released(held(CASH), 101, place=Place.BANK) or "")


@given(
    micro=st.integers(1, 50),
    steps=st.lists(st.tuples(st.sampled_from(["draw", "release"]), st.integers(1, 30))),
    owed=st.integers(0, 60),
)
def test_never_more_than_is_left_nor_than_is_owed(
    micro: int, steps: list[tuple[str, int]], owed: int
) -> None:
    deposit, drawn, released = held(CASH, micro), 0, 0
    for action, asked in steps:
        if action == "draw":
            if why_not_drawn(deposit, asked, owed_micro=owed - drawn, today=TODAY) is None:
                drawn += asked
        elif why_not_released(deposit, asked, place=Place.BANK) is None:
            released += asked
        deposit = Deposit(
            id=deposit.id, account_id=deposit.account_id, terms=deposit.terms,
            drawn_micro=drawn, released_micro=released,
        )  # fmt: skip
        assert deposit.left_micro == micro - drawn - released >= 0
        assert drawn <= owed


@pytest.mark.parametrize("place", [None, *Place])
@pytest.mark.parametrize("kind", list(DepositKind))
def test_what_is_proposed_is_read_back_to_the_last_word(
    kind: DepositKind, place: Place | None
) -> None:
    deposit = held(kind)
    step = Step(
        id=new_id(), deposit_id=deposit.id, action=StepAction.HOLD, amount_micro=100, place=place,
        debt_id=None, key="k-1",
        decided=Decided(by="li", reason="r", at=datetime(2026, 3, 10, tzinfo=UTC)),
    )  # fmt: skip
    hold = act_of_hold(deposit.account_id, deposit.terms, step)
    assert (hold.kind, hold.subject) == (ActKind.DEPOSIT_HOLD, str(deposit.account_id))
    assert (terms_of(hold), place_of(hold), key_of(hold)) == (deposit.terms, place, "k-1")
    release = act_of_release(deposit, step)
    assert (release.kind, release.subject) == (ActKind.DEPOSIT_RELEASE, str(deposit.id))
    assert (release.amount_micro, place_of(release)) == (100, place)
    for debt_id in (None, new_id()):
        draw = act_of_draw(deposit, replace(step, debt_id=debt_id))
        assert (draw.kind, draw.subject) == (ActKind.DEPOSIT_DRAW, str(deposit.id))
        assert (draw.amount_micro, debt_of(draw)) == (100, debt_id)
