"""What is stored as text of many rows at once is what one by one would be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.charging.column_texts import dictionary_texts
from prepay_ledger.charging.postgres_rows import encode

INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def named_rows(draw: st.DrawFn) -> tuple[list[str], list[list[int]]]:
    names = draw(st.lists(st.text(max_size=6), max_size=70, unique=True))
    row = st.lists(st.one_of(st.just(0), INT64), min_size=len(names), max_size=len(names))
    return names, draw(st.lists(row, min_size=1, max_size=5))


@given(named_rows())
def test_a_dictionary_a_row_without_what_is_zero(some: tuple[list[str], list[list[int]]]) -> None:
    names, rows = some
    values = np.array(rows, np.int64).reshape(len(rows), len(names))
    expected = [
        encode({name: value for name, value in zip(names, row, strict=True) if value}).decode()
        for row in rows
    ]
    assert dictionary_texts(names, values, begin="{", end="}") == expected
