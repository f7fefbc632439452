"""Both sides of a payment compared, and what follows for differences: pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.settlement_files.values import LineKind, SettledLine
from prepay_ledger.settlements.rules import (
    changes,
    correction_of,
    findings_of,
    gone_reason,
    settled_by_currency,
    what_changed,
)
from prepay_ledger.settlements.values import (
    Difference,
    DifferenceKind,
    Finding,
    OurMovement,
    OurPayment,
    Outcome,
    Settled,
    Sides,
    State,
    TheirLine,
)
from prewatt_common.clock import utc_now
from prewatt_common.ids import new_id

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
PAY, REFUND = LineKind.PAYMENT, LineKind.REFUND
CORRECTED: Mapping[tuple[LineKind, str], int] = {}


def ours(micro: int = 100, *, day: date = DAY, currency: str = "CNY") -> OurPayment:
    return OurPayment(id=UUID(int=1), amount_micro=micro, currency=currency, received_on=day)


def moved(
    movement_id: str, micro: int, *, kind: LineKind = REFUND, total: bool = False, day: date = DAY
) -> OurMovement:
    return OurMovement(
        kind=kind, movement_id=movement_id, amount_micro=micro, currency="CNY", is_total=total,
        told_on=day,
    )  # fmt: skip


def line(
    micro: int = 100, *, kind: LineKind = PAY, own: str = "p", day: date = DAY, at: int = 2
) -> TheirLine:
    return TheirLine(
        id=UUID(int=at), kind=kind, movement_id=own, amount_micro=micro, currency="CNY",
        business_day=day,
    )  # fmt: skip


def sides(
    payment: OurPayment | None = None, *more: OurMovement | TheirLine, corrected: Any = None
) -> Sides:
    return Sides(
        payment_id="p",
        ours=payment,
        movements=tuple(each for each in more if isinstance(each, OurMovement)),
        theirs=tuple(each for each in more if isinstance(each, TheirLine)),
        corrections=corrected or {},
    )


BACK = line(40, kind=REFUND, own="r")
CASES: list[tuple[str, Sides, str]] = [
    ("both have it", sides(ours(), line()), ""),
    ("late to us, days later", sides(ours(day=date(2026, 4, 1)), line()), ""),
    ("in the next day's file", sides(ours(), line(day=NEXT)), ""),
    ("missing here", sides(None, line()), "missing-here payment 100/None"),
    ("missing there", sides(ours()), "missing-there payment None/100"),
    ("the day after is not settled yet", sides(ours(day=NEXT)), ""),
    ("of a day that is not settled", sides(ours(day=DAY - timedelta(days=1))), ""),
    ("another amount", sides(ours(90), line()), "other-amount payment 100/90"),
    ("another currency", sides(ours(currency="EUR"), line()), "other-currency payment 100/100"),
    ("twice there", sides(ours(), line(), line(at=3)), "twice-there payment 100/None"),
    (
        "twice there, and missing here", sides(None, line(), line(at=3, day=NEXT)),
        "missing-here payment 100/None; twice-there payment 100/None",
    ),
    ("a refund of both", sides(ours(), line(), moved("r", 40), BACK), ""),
    ("a refund missing here", sides(ours(), line(), BACK), "missing-here refund 40/None"),
    ("a refund missing there", sides(ours(), line(), moved("r", 40)),
     "missing-there refund None/40"),
    ("a refund of yesterday", sides(ours(), line(), moved("r", 40, day=NEXT)), ""),
    ("another refund", sides(ours(), line(), moved("r", 30), BACK), "other-amount refund 40/30"),
    ("all that was refunded", sides(ours(), line(), moved("x", 40, total=True), BACK), ""),
    ("refunded in two, told as a sum",
     sides(ours(), line(), moved("x", 15, total=True), moved("y", 55, total=True), BACK,
           line(15, kind=REFUND, own="r2")), ""),
    ("less refunded there than told", sides(ours(), line(), moved("x", 55, total=True), BACK),
     "missing-there refund None/15"),
    ("more refunded there than told", sides(ours(), line(), moved("x", 30, total=True), BACK),
     "missing-here refund 40/None"),
    ("taken over, then its total comes", sides(ours(), line(), moved("r", 40),
     moved("x", 40, total=True), BACK), ""),
    ("a dispute opened and lost is one",
     sides(ours(), line(), moved("d", 100, kind=LineKind.CHARGEBACK),
           moved("d", 100, kind=LineKind.CHARGEBACK, day=NEXT),
           line(kind=LineKind.CHARGEBACK, own="d")), ""),
    ("a dispute won that we do not know",
     sides(ours(), line(), line(kind=LineKind.CHARGEBACK_WON, own="d")),
     "missing-here chargeback-won 100/None"),
    ("a line of no known kind", sides(None, line(-7, kind=LineKind.OTHER, own="o")),
     "unknown-line other -7/None"),
    ("corrected to more", sides(ours(90), line(), corrected={(PAY, "p"): 10}), ""),
    ("corrected, then revised", sides(ours(90), line(90), corrected={(PAY, "p"): 10}),
     "other-amount payment 90/100"),
    ("a refund corrected", sides(ours(), line(), moved("r", 30), BACK,
     corrected={(REFUND, "r"): -10}), ""),
    ("taken back, as it is not there", sides(ours(), corrected={(PAY, "p"): -100}), ""),
    ("taken back, and then there", sides(ours(), line(), corrected={(PAY, "p"): -100}),
     "other-amount payment 100/0"),
]  # fmt: skip


def told(findings: list[Finding]) -> str:
    return "; ".join(
        f"{each.difference} {each.kind} {each.their_micro}/{each.our_micro}" for each in findings
    )


@pytest.mark.parametrize(
    ("of", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_differs(of: Sides, expected: str) -> None:
    assert told(findings_of(of, {DAY, NEXT})) == expected


@given(st.permutations([line(), line(at=3, day=NEXT), BACK, line(5, kind=REFUND, own="q", at=9)]))
def test_the_order_of_lines_does_not_matter(lines: list[TheirLine]) -> None:
    found = findings_of(sides(ours(), *lines), {DAY})
    assert sorted(told(found).split("; ")) == [
        "missing-here refund 40/None", "missing-here refund 5/None", "twice-there payment 100/None",
    ]  # fmt: skip


MISSING, OTHER = (
    findings_of(sides(None, line()), ())[0], findings_of(sides(ours(90), line()), ())[0],
)  # fmt: skip


def kept(finding: Finding, state: State, outcome: Outcome = Outcome.NONE) -> Difference:
    return Difference(
        id=new_id(), provider="p", finding=finding, state=state, outcome=outcome,
        found_at=utc_now(),
    )  # fmt: skip


def test_what_follows_for_differences_that_there_are() -> None:
    open_, asked = kept(MISSING, State.OPEN), kept(MISSING, State.ASKED)
    assert changes([], [MISSING]) == ([MISSING], [])
    for each in (open_, asked):
        assert changes([each], [MISSING]) == ([], [])
        assert changes([each], []) == ([], [each])
        assert changes([each], [OTHER]) == ([OTHER], [each])
    accepted = kept(OTHER, State.RESOLVED, Outcome.ACCEPTED)
    assert changes([accepted], [OTHER]) == ([], [])
    assert changes([accepted], [MISSING]) == ([MISSING], [])
    # Taken or corrected it should agree: if it does not, somebody has to look again.
    for outcome in (Outcome.TAKEN, Outcome.CORRECTED):
        assert changes([kept(OTHER, State.RESOLVED, outcome)], [OTHER]) == ([OTHER], [])
    assert gone_reason(open_, []).startswith("its webhook came")
    assert gone_reason(open_, [OTHER]) == "it differs otherwise by now: other-amount"


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.sampled_from([PAY, REFUND]))
def test_a_correction_makes_both_agree(theirs: int, own: int, kind: LineKind) -> None:
    of = [ours(own), line(theirs)]
    name = "p"
    if kind is REFUND:
        of, name = [ours(), line(), moved("r", own), line(theirs, kind=REFUND, own="r")], "r"
    for finding in findings_of(sides(*of), ()):  # type: ignore[arg-type]
        corrected = {(kind, name): correction_of(finding)}
        assert findings_of(sides(*of, corrected=corrected), ()) == []  # type: ignore[arg-type]


LINES = st.lists(
    st.builds(
        SettledLine,
        kind=st.sampled_from(LineKind),
        amount_micro=st.integers(1, 1_000),
        fee_micro=st.integers(-10, 10),
        currency=st.sampled_from(["CNY", "EUR"]),
        place=st.just("line 1"),
    ),
    max_size=6,
)


@given(st.lists(LINES, min_size=1, max_size=5))
def test_revisions_post_what_the_last_one_says(revisions: list[list[SettledLine]]) -> None:
    posted: dict[str, Settled] = {}
    before: list[SettledLine] = []
    for after in revisions:
        moves = what_changed(settled_by_currency(before), settled_by_currency(after))
        for currency, (fees, payouts) in moves.items():
            so_far = posted.get(currency, Settled(0, 0))
            posted[currency] = Settled(so_far.fees_micro + fees, so_far.payouts_micro + payouts)
        before = after
    nothing = Settled(0, 0)
    last = settled_by_currency(revisions[-1])
    for currency in ("CNY", "EUR"):
        assert posted.get(currency, nothing) == last.get(currency, nothing)


def test_each_kind_of_difference_is_in_the_table() -> None:
    assert {each for each in DifferenceKind if any(each in case[2] for case in CASES)} == set(
        DifferenceKind
    )
