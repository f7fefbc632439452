"""Two sides of a business day compared: pure."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.account_checks.rules import compared, fingerprint, to_keep
from prepay_ledger.account_checks.values import Difference, OurSale, TheirSale

ID = UUID(int=1)


def theirs(key: str = "k", micro: int = 5, number: str = "A-1") -> TheirSale:
    return TheirSale(key=key, account_number=number, amount_micro=micro)


def ours(key: str = "k", micro: int = 5, number: str = "A-1", *, is_void: bool = False) -> OurSale:
    return OurSale(id=ID, key=key, account_number=number, amount_micro=micro, is_void=is_void)


@pytest.mark.parametrize(
    ("there", "here", "differences"),
    [
        ([], [], []),
        ([theirs()], [ours()], []),
        ([theirs()], [], [Difference.MISSING_HERE]),
        ([], [ours()], [Difference.MISSING_THERE]),
        ([theirs()], [ours(is_void=True)], [Difference.MISSING_HERE]),
        ([], [ours(is_void=True)], []),
        ([theirs(micro=6)], [ours()], [Difference.OTHER_AMOUNT]),
        ([theirs(number="A-2")], [ours()], [Difference.OTHER_ACCOUNT]),
        ([theirs(number="A-2", micro=6)], [ours()], [Difference.OTHER_ACCOUNT]),
        ([theirs("b")], [ours("a")], [Difference.MISSING_THERE, Difference.MISSING_HERE]),
    ],
)
def test_what_differs(
    there: list[TheirSale], here: list[OurSale], differences: list[Difference]
) -> None:
    assert [each.difference for each in compared(there, here)] == differences


def test_a_sale_that_is_void_with_us_is_named() -> None:
    (finding,) = compared([theirs()], [ours(is_void=True)])
    assert (finding.vend_id, finding.our_micro, finding.their_micro) == (ID, None, 5)


def test_what_was_resolved_just_so_is_kept_and_what_differs_otherwise_by_now_is_open() -> None:
    before = compared([theirs(micro=6), theirs("b")], [ours()])
    resolved = {each.key: [each] for each in before}
    assert to_keep(before, resolved) == []
    again = compared([theirs(micro=7), theirs("b")], [ours()])
    assert [each.key for each in to_keep(again, resolved)] == ["k"]


SALES = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(st.sampled_from(["A-1", "A-2"]), st.integers(min_value=1, max_value=3)),
)


@given(there=SALES, here=SALES, void=st.sets(st.sampled_from("abcdefgh")))
def test_what_differs_is_just_what_the_sums_differ_by(
    there: dict[str, tuple[str, int]], here: dict[str, tuple[str, int]], void: set[str]
) -> None:
    """Their sum less ours is that of the findings; other sales are equal on both sides."""
    told = [theirs(key, micro, number) for key, (number, micro) in there.items()]
    kept = [ours(key, micro, no, is_void=key in void) for key, (no, micro) in here.items()]
    standing = {key: sale for key, sale in here.items() if key not in void}
    findings = compared(told, kept)
    assert sum((each.their_micro or 0) - (each.our_micro or 0) for each in findings) == sum(
        micro for _, micro in there.values()
    ) - sum(micro for _, micro in standing.values())
    differing = {each.key for each in findings}
    assert len(differing) == len(findings)
    for key in {*there, *standing} - differing:
        assert there[key] == standing[key]
    assert fingerprint(told) == fingerprint(told[::-1])
