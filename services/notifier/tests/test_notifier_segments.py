"""Texts in parts: tables and properties."""

import unicodedata

import pytest
from grapheme import graphemes
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.gsm import gsm_octets, is_gsm
from notifier.channels.segments import (
    Alphabet,
    ReferenceBits,
    TextTooLong,
    segments_of,
)

EIGHT, SIXTEEN = ReferenceBits
GSM, UCS2 = Alphabet
FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇨🇳"


@pytest.mark.parametrize(
    ("text", "bits", "alphabet", "lengths"),
    [
        ("", EIGHT, GSM, [0]),
        ("a" * 160, EIGHT, GSM, [160]),
        ("a" * 161, EIGHT, GSM, [153, 8]),
        ("a" * 161, SIXTEEN, GSM, [152, 9]),
        ("a" * 306, EIGHT, GSM, [153, 153]),
        ("a" * 307, EIGHT, GSM, [153, 153, 1]),
        ("€" * 80, EIGHT, GSM, [80]),
        # 153 septets hold 76 pairs of an escape and a code, and no half of one.
        ("€" * 81, EIGHT, GSM, [76, 5]),
        ("a" * 152 + "€" * 10, EIGHT, GSM, [152, 10]),
        ("电" * 70, EIGHT, UCS2, [70]),
        ("电" * 71, EIGHT, UCS2, [67, 4]),
        ("电" * 71, SIXTEEN, UCS2, [66, 5]),
        # 67 is odd: the 34th emoji would begin in one part and end in the next.
        ("😀" * 36, EIGHT, UCS2, [33, 3]),
        ("电" * 66 + "e\u0301" + "电" * 4, EIGHT, UCS2, [66, 6]),
        ("电" * 65 + FAMILY + "电", EIGHT, UCS2, [65, len(FAMILY) + 1]),
        ("电" * 65 + FLAG + "电" * 2, EIGHT, UCS2, [65, len(FLAG) + 2]),
        ("电" * 66 + "❤\ufe0f" + "电" * 3, EIGHT, UCS2, [66, 5]),
    ],
)
def test_a_text_in_parts(text, bits, alphabet, lengths):
    segments = segments_of(text, bits=bits)
    assert segments.alphabet is alphabet
    assert [len(part.text) for part in segments.parts] == lengths
    assert "".join(part.text for part in segments.parts) == text


@pytest.mark.parametrize(
    ("bits", "reference", "headers"),
    [
        (EIGHT, 0x1234, ["05 00 03 34 02 01", "05 00 03 34 02 02"]),
        (SIXTEEN, 0x1234, ["06 08 04 12 34 02 01", "06 08 04 12 34 02 02"]),
        (SIXTEEN, 0x51234, ["06 08 04 12 34 02 01", "06 08 04 12 34 02 02"]),
    ],
)
def test_the_parts_of_a_long_text_are_numbered(bits, reference, headers):
    parts = segments_of("电" * 100, reference=reference, bits=bits).parts
    assert [part.header.hex(" ") for part in parts] == headers
    assert [part.octets for part in parts] == [part.header + part.body for part in parts]


def test_one_part_has_no_header():
    (part,) = segments_of("ok", reference=7).parts
    assert (part.header, part.octets) == (b"", b"ok")


@pytest.mark.parametrize(
    ("text", "octets"),
    [("@£$", "00 01 02"), ("à", "7f"), ("Ω ¡", "15 20 40"), ("[^]", "1b 3c 1b 14 1b 3e")],
)
def test_the_gsm_alphabet(text, octets):
    assert is_gsm(text)
    assert gsm_octets(text).hex(" ") == octets


@pytest.mark.parametrize("text", ["č", "电", "ç", "\x1b", "`"])
def test_what_the_gsm_alphabet_has_not(text):
    assert not is_gsm(text)


@pytest.mark.parametrize(
    ("char", "parts_max_chars"), [("a", 255 * 153), ("电", 255 * 67), ("€", 255 * 76)]
)
def test_more_parts_than_can_be_numbered_are_refused(char, parts_max_chars):
    assert len(segments_of(char * parts_max_chars).parts) == 255
    with pytest.raises(TextTooLong, match="256 parts"):
        segments_of(char * (parts_max_chars + 1))


JOINED = ["e\u0301", "\u0301", "\u200d", "\ufe0f", FAMILY, FLAG, "👍🏽", "நி", "क्ष", "각", "\r\n"]
GSM_CHARS = "aZ0 @£¥Ω\n\r€[]{}^~|\\"
texts = st.one_of(
    st.text(st.sampled_from(GSM_CHARS), max_size=900),
    st.lists(st.sampled_from([*JOINED, "电", "a", "😀"]), max_size=400).map("".join),
    st.text(max_size=400),
)


@given(text=texts, bits=st.sampled_from(ReferenceBits), reference=st.integers(0, 2**32))
def test_parts_are_the_text_and_fit_and_begin_with_a_character(text, bits, reference):
    segments = segments_of(text, bits=bits, reference=reference)
    parts = segments.parts
    assert "".join(part.text for part in parts) == text
    longest = max((len(each.encode("utf-16-be")) // 2 for each in graphemes(text)), default=0)
    for part in parts:
        if segments.alphabet is GSM:
            header_septets = -(-len(part.header) * 8 // 7)
            assert header_septets + len(part.body) <= 160
            # The last byte is no escape whose code is in the next part.
            assert not part.body.endswith(b"\x1b")
            assert part.body == gsm_octets(part.text)
        else:
            assert len(part.octets) <= 140
            # No half of a surrogate pair: it would not be decoded.
            assert part.body.decode("utf-16-be") == part.text
    if longest <= 66:
        for part in parts[1:]:
            assert not unicodedata.combining(part.text[0])
            assert part.text[0] not in "\u200d\ufe0f"
        together = [each for part in parts for each in graphemes(part.text)]
        assert together == list(graphemes(text))


@given(marks=st.integers(150, 400))
def test_a_character_longer_than_a_part_is_split_between_its_code_points(marks):
    text = "e" + "\u0301" * marks
    parts = segments_of(text).parts
    assert "".join(part.text for part in parts) == text
    assert all(len(part.octets) <= 140 for part in parts)
