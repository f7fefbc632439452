"""Which bank lines are the same, which may be, and whom a payer named."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.balances.payment_reference import payment_reference
from prepay_ledger.bank.rules import doubt, identities, references_in
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.bank_files.values import FileFormat, LineKind, StatementLine

LINE = StatementLine(
    kind=LineKind.CREDIT,
    amount_micro=50,
    booked_on=date(2026, 3, 2),
    booking="B1",
    end_to_end_id="E1",
    text="for March",
)
BARE = replace(LINE, booking="")


def same(first: StatementLine, second: StatementLine) -> bool:
    (left,), (right,) = identities([first]), identities([second])
    return left == right


@pytest.mark.parametrize(
    ("line", "change", "expected"),
    [
        (LINE, {}, True),
        # By the bank's reference, whatever else another message says.
        (LINE, {"text": "x", "end_to_end_id": "", "booked_on": date(2026, 3, 3)}, True),
        (LINE, {"booking": "B2"}, False),
        (LINE, {"amount_micro": 51}, False),
        (LINE, {"amount_micro": -50}, False),
        (LINE, {"transaction": "T2"}, False),
        (LINE, {"booking": ""}, False),
        (BARE, {}, True),
        (BARE, {"text": "FOR  MAR CH"}, True),
        (BARE, {"value_on": date(2026, 3, 4), "other_party": "Li"}, True),
        (BARE, {"text": "for April"}, False),
        (BARE, {"structured": "RF18"}, False),
        (BARE, {"booked_on": date(2026, 3, 3)}, False),
    ],
)
def test_the_same_booking_has_one_identity(
    line: StatementLine, change: dict[str, object], expected: bool
) -> None:
    assert same(line, replace(line, **change)) is expected  # pyright: ignore[reportArgumentType]


@given(st.lists(st.sampled_from([LINE, BARE, replace(BARE, amount_micro=7)]), max_size=8))
def test_equal_lines_of_one_statement_are_several_and_again_the_same(
    lines: list[StatementLine],
) -> None:
    first = list(identities(lines))
    assert len(set(first)) == len(lines)
    assert sorted(identities(lines[::-1])) == sorted(first)


def told(line: StatementLine, form: FileFormat = FileFormat.CAMT) -> BankLine:
    return BankLine(
        id=uuid4(),
        file_id=uuid4(),
        format=form,
        number=1,
        account="A",
        currency="EUR",
        statement="S",
        identity="i",
        line=line,
        state=LineState.WAITING,
    )


@pytest.mark.parametrize(
    ("line", "form", "other", "other_form", "doubted"),
    [
        # Of one day and amount: told in the same way they are two payments.
        (LINE, "camt", replace(LINE, booking="B2"), "camt", False),
        (BARE, "csv", replace(BARE, text="x"), "csv", False),
        (BARE, "camt", replace(LINE, booking="B2"), "camt", True),
        (LINE, "camt", BARE, "camt", True),
        (LINE, "mt940", replace(LINE, booking="B2"), "camt", True),
        (BARE, "mt940", replace(BARE, text="x"), "csv", True),
        # Of one booking: parts of it, or one that is told whole and then in parts.
        (replace(LINE, transaction="T1"), "camt", replace(LINE, transaction="T2"), "camt", False),
        (replace(LINE, transaction="T1"), "camt", LINE, "camt", True),
        (LINE, "mt940", replace(LINE, transaction="T2"), "camt", True),
    ],
)
def test_what_may_have_been_told_in_another_way_is_doubtful(
    line: StatementLine, form: str, other: StatementLine, other_form: str, doubted: bool
) -> None:
    known = told(other, FileFormat(other_form))
    found = doubt(told(line, FileFormat(form)), [known])
    assert (found is not None) is doubted
    assert found is None or found[1] is known


REF = "RF18539007547034"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REF, [REF]),
        ("RF18 5390 0754 7034", [REF]),
        ("power for March, rf18-5390-0754-7034. Thank you", [REF]),
        ("pay RF18 53900\n75470 34", [REF]),
        ("REF18 is no reference", []),
        ("RF19539007547034", []),
        (f"{REF} and again {REF}", [REF]),
        ("539007547034", []),
        ("", []),
        ("RF18", []),
    ],
)
def test_references_among_other_words(text: str, expected: list[str]) -> None:
    assert list(references_in(text)) == expected


@given(
    st.from_regex(r"[A-Z0-9]{4,16}", fullmatch=True),
    st.lists(st.integers(1, 20), max_size=4),
    st.text(max_size=20),
)
def test_a_reference_is_found_however_it_is_broken(
    number: str, breaks: list[int], before: str
) -> None:
    reference = payment_reference(number)
    assert reference is not None
    text = reference
    for at in sorted(breaks, reverse=True):
        text = f"{text[:at]} {text[at:]}"
    # A bank breaks lines within a reference, but not after its first four characters.
    if " " not in text[:4]:
        assert reference in list(references_in(f"{before} {text}"))
