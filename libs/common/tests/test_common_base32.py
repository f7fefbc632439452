"""Secrets that people type in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_common.base32 import ALPHABET, bytes_of, text_of

GROUPS = st.integers(0, 4).flatmap(lambda n: st.binary(min_size=5 * n, max_size=5 * n))


@given(GROUPS)
def test_what_was_written_is_read(data):
    text = text_of(data)
    assert set(text) <= set(ALPHABET)
    assert bytes_of(text) == data


@given(st.text(max_size=16))
def test_whatever_is_typed_is_read_as_one_text_or_none(typed):
    read = bytes_of(typed)
    assert read is None or bytes_of(text_of(read)) == read


def test_what_looks_like_a_digit_is_that_digit():
    assert bytes_of("OOOOOOIL") == bytes_of("00000011")


@pytest.mark.parametrize("text", ["0000000", "000000000", "0000000U", "0000000a", "0000000 "])
def test_what_is_no_such_text(text):
    assert bytes_of(text) is None
