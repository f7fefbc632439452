"""Which line of the bank a provider's payout is: pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.bank_files.values import LineKind as BankKind
from prepay_ledger.bank_files.values import StatementLine
from prepay_ledger.payouts.rules import changes, late_before, named_by, of_amount, payouts_in
from prepay_ledger.payouts.values import FoundBy, Payout, PayoutKey, PayoutState
from prepay_ledger.settlement_files.values import LineKind, SettledLine
from prewatt_common.ids import new_id

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 3, tzinfo=UTC)


def payout(
    reference: str = "po_1AbCdEf9", micro: int = 60, *, day: date = DAY, nth: int = 1
) -> Payout:
    key = PayoutKey(
        provider="p", business_day=day, reference=reference, amount_micro=micro, currency="CNY",
        nth=nth,
    )  # fmt: skip
    return Payout(id=new_id(), key=key, stands=True, state=PayoutState.EXPECTED, found_at=AT)


def line(micro: int = 60, *, day: date = DAY, **said: str) -> StatementLine:
    return StatementLine(kind=BankKind.CREDIT, amount_micro=micro, booked_on=day, **said)


@pytest.mark.parametrize(
    ("said", "reference", "is_named"),
    [
        ({"text": "STRIPE PO 1ABCDEF9 /INV 7"}, "po_1AbCdEf9", True),
        ({"structured": "PO-1ABCDEF9"}, "po_1AbCdEf9", True),
        ({"end_to_end_id": "po_1AbCdEf9"}, "po_1AbCdEf9", True),
        ({"booking": "po_1AbCdEf9"}, "po_1AbCdEf9", True),
        ({"text": "po_1AbCdEf8"}, "po_1AbCdEf9", False),
        # A short one is no more than an accident among other words.
        ({"text": "invoice 4711"}, "4711", False),
        ({"text": "4711"}, "4711", True),
        ({"text": ""}, "", False),
        ({"text": "anything"}, "--", False),
    ],
)
def test_a_line_names_a_reference(said: dict[str, str], reference: str, is_named: bool) -> None:
    expected = payout(reference)
    assert (named_by(line(**said), [expected]) == [expected]) is is_named


def test_of_those_it_names_the_oldest_is_first() -> None:
    newer, second, first = payout(day=DAY + timedelta(days=1)), payout(nth=2), payout()
    assert named_by(line(text="po_1AbCdEf9"), [newer, second, first]) == [first, second, newer]


@pytest.mark.parametrize(
    ("booked_after_days", "is_it"), [(-2, False), (-1, True), (0, True), (5, True), (6, False)]
)
def test_by_its_amount_it_is_known_for_some_days(booked_after_days: int, is_it: bool) -> None:
    expected = payout()
    seen = line(day=DAY + timedelta(days=booked_after_days))
    assert (of_amount(seen, [expected], days=5) is expected) is is_it


def test_of_two_alike_neither_is_known_by_its_amount() -> None:
    assert of_amount(line(), [payout("a"), payout("b")], days=5) is None
    assert of_amount(line(61), [payout()], days=5) is None


def settled(reference: str, micro: int) -> SettledLine:
    return SettledLine(
        kind=LineKind.PAYOUT, amount_micro=micro, currency="CNY", reference=reference, place="1"
    )


FILES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", ""]), st.sampled_from([-5, 0, 5, 6])), max_size=5
    ),
    min_size=1,
    max_size=5,
)


@given(FILES, st.data())
def test_what_is_expected_follows_from_the_newest_file_alone(
    files: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    known: list[Payout] = []
    for rows in files:
        keys = list(payouts_in("p", DAY, [settled(*each) for each in rows]))
        assert len(set(keys)) == len(keys) == sum(micro != 0 for _, micro in rows)
        found = changes(known, keys)
        by_id = {each.id: each for each in found.changed}
        known = [by_id.get(each.id, each) for each in known]
        known += [replace(payout(), key=each) for each in found.new]
        if known and data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(known) - 1))
            if known[at].state is PayoutState.EXPECTED:
                known[at] = replace(known[at], state=PayoutState.ARRIVED, found_by=FoundBy.PERSON)
        assert {each.key for each in known if each.stands} == set(keys)
        waits = {each.key for each in known if each.state is PayoutState.EXPECTED}
        arrived = {each.key for each in known if each.state is PayoutState.ARRIVED}
        assert waits == set(keys) - arrived
        assert changes(known, keys).changed == []


def test_it_is_late_by_the_utilitys_day() -> None:
    at = datetime(2026, 3, 9, 18, tzinfo=UTC)  # the tenth in Shanghai
    assert late_before(at, zone=ZoneInfo("Asia/Shanghai"), days=5) == date(2026, 3, 5)
