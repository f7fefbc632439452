"""Payment references, and which accounts a payer may have meant: tables, and any number."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from prepay_ledger.balances.payment_reference import (
    check_digits,
    payment_reference,
    plain_number,
    read_reference,
    those_of,
)
from prepay_ledger.payments.candidates import CANDIDATES_MAX, Found, Slip, further, near, ranked

ID = UUID(int=1)
ASCII = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLAIN = st.text(ASCII, min_size=1, max_size=21)
DIGITS = st.text("0123456789", min_size=2, max_size=21)


@pytest.mark.parametrize(
    ("number", "reference"),
    [
        ("539007547034", "RF18539007547034"),
        ("5390-0754 7034", "RF18539007547034"),
        ("a1", payment_reference("A-1")),
        ("", None),
        ("户号", None),
        ("1" * 22, None),
    ],
)
def test_a_reference_is_made_from_the_number(number, reference):
    assert payment_reference(number) == reference


@given(PLAIN)
def test_others_find_our_references_valid(plain):
    reference = payment_reference(plain)
    assert reference is not None
    assert iso11649.is_valid(reference)
    typed = read_reference(iso11649.format(reference).lower())
    assert typed is not None
    assert (typed.plain_number, typed.holds) == (plain, True)


@given(PLAIN, st.integers(0, 99))
def test_others_find_those_valid_that_we_do(plain, digits):
    typed = read_reference(f"RF{digits:02}{plain}")
    assert typed is not None
    # 00, 01 and 99 are of no number, though 01 and 99 leave what 98 and 02 leave.
    if 2 <= digits <= 98:
        assert typed.holds == iso11649.is_valid(f"RF{digits:02}{plain}")
    else:
        assert not typed.holds


@given(DIGITS, st.data())
def test_one_slip_of_a_digit_is_noticed(plain, data):
    at = data.draw(st.integers(0, len(plain) - 1))
    other = data.draw(st.sampled_from([each for each in "0123456789" if each != plain[at]]))
    assert check_digits(plain[:at] + other + plain[at + 1 :]) != check_digits(plain)
    swapped = plain[: at - 1] + plain[at] + plain[at - 1] + plain[at + 1 :] if at else plain
    assert swapped == plain or check_digits(swapped) != check_digits(plain)


@given(st.sets(PLAIN, max_size=20), PLAIN)
def test_numbers_are_chosen_by_their_check_digits(plains, one):
    digits = check_digits(one)
    assert those_of(digits, plains) == {each for each in plains if check_digits(each) == digits}


@pytest.mark.parametrize(
    ("typed", "meant", "slip"),
    [
        ("10012", "1-0012", Slip.FORM),
        ("a 12", "A-12", Slip.FORM),
        ("10021", "10012", Slip.TRANSPOSED),
        ("AO1", "A01", Slip.LOOKS_ALIKE),
        ("10013", "10012", Slip.REPLACED),
        ("1001", "10012", Slip.LEFT_OUT),
        ("100122", "10012", Slip.ADDED),
        ("RF19539007547034", "539007547034", Slip.CHECK_DIGITS),
        ("RF18539007547043", "539007547034", Slip.TRANSPOSED),
        ("RF18539007547035", "539007547034", Slip.REPLACED),
        ("RF1853900754703", "539007547034", Slip.LEFT_OUT),
        ("RF185390075470345", "539007547034", Slip.ADDED),
    ],
)
def test_a_slip_is_found(typed, meant, slip):
    assert near(typed)[plain_number(meant)] is slip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1234567", "2143567"),
        (f"RF{check_digits('1234567')}7234561", "1234567"),
        (f"RF{check_digits('539007547034')}593007547035", "539007547034"),
    ],
)
def test_two_slips_are_found(typed, meant):
    assert meant not in near(typed)
    assert further(typed)[meant] is Slip.TWO


@pytest.mark.parametrize("typed", ["", "???", "户号", "1" * 26, "x" * 100])
def test_what_is_no_number_is_near_none(typed):
    assert near(typed) == {}
    assert further(typed) == {}


@given(st.text(max_size=30))
def test_whatever_was_typed(typed):
    for number in [*near(typed), *further(typed)]:
        assert number == plain_number(number)


def test_the_likeliest_come_first_and_no_more_than_a_person_can_look_at():
    numbers = ["10013", "10021", "100122", *(f"1001{other}" for other in "456789")]
    slips = near("10012")
    found = [Found(ID, number) for number in numbers]
    order = [each.found.number for each in ranked(found, slips)]
    assert order[0] == "10021"
    assert order[-1] == "100122"
    assert len(ranked([Found(ID, number) for number in slips], slips)) == CANDIDATES_MAX
