"""Which language a browser gets: tables and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_common.languages import wanted_language

OURS = ["en", "zh-CN"]


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("", None),
        ("de", None),
        ("*", None),
        ("en", "en"),
        ("EN-gb", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        # By weight, and not by who is named first.
        ("en;q=0.3, zh;q=0.9", "zh-CN"),
        ("en ; q=0.3 , zh-Hans-CN ; q=0.9", "zh-CN"),
        ("en;q=0.5, zh;q=0.5", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", None),
        # What is no weight.
        ("zh;q=x, en;q=0.1", "en"),
        ("zh;q=nan, en;q=0.1", "en"),
        ("zh;q=inf, en;q=0.1", "en"),
        ("zh;q=9, en;q=0.1", "en"),
        ("zh;q=-1", None),
        # By whole first parts: Enets is not English.
        ("enf", None),
        ("," * 400 + "en", "en"),
        ("," * 600 + "en", None),
    ],
)
def test_the_heaviest_of_ours(accepted, wanted):
    assert wanted_language(accepted, OURS) == wanted


@given(st.text(max_size=600))
def test_nothing_that_a_browser_sends_raises(accepted):
    assert wanted_language(accepted, OURS) in (None, *OURS)
