"""What an SMS centre delivers, read: alphabets, headers, parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.gsm import gsm_octets, gsm_text, is_gsm
from notifier.channels.ports import Coding, Written, WrittenPart
from notifier.channels.reading import text_of
from notifier.channels.segments import segments_of
from notifier.channels.smpp.incoming import Delivered, coding_of, is_written, written_of
from notifier.channels.smpp.rules import DataCodings

CODINGS = DataCodings()
PHONE = "8613800138000"


def delivered(octets: bytes, **more) -> Delivered:
    fields = {"esm_class": 0, "data_coding": 0, "type_of_number": 1, "sender": PHONE}
    return Delivered(**fields | {"octets": octets} | more)


@pytest.mark.parametrize(
    ("data_coding", "coding"),
    [
        (0x00, Coding.GSM),
        (0x01, Coding.LATIN_1),
        (0x02, Coding.BINARY),
        (0x03, Coding.LATIN_1),
        (0x04, Coding.BINARY),
        (0x08, Coding.UCS2),
        (0x10, Coding.GSM),
        (0x14, Coding.BINARY),
        (0x18, Coding.UCS2),
        (0xF1, Coding.GSM),
        (0xF5, Coding.BINARY),
        (0xC0, Coding.GSM),
    ],
)
def test_alphabets(data_coding, coding):
    assert coding_of(data_coding, CODINGS) is coding


def test_a_centre_may_call_the_alphabets_otherwise():
    theirs = DataCodings(gsm=1, ucs2=0x19)
    assert coding_of(1, theirs) is Coding.GSM
    assert coding_of(0x19, theirs) is Coding.UCS2


@given(st.text())
def test_the_gsm_alphabet_is_read_as_it_is_written(text):
    if is_gsm(text):
        assert gsm_text(gsm_octets(text)) == text


@given(st.binary(max_size=200), st.sampled_from(Coding))
def test_any_octets_are_read(octets, coding):
    text_of(octets, coding).encode("utf-8", "replace")


@pytest.mark.parametrize(("kind", "written"), [(0, True), (4, False), (8, False), (0x20, False)])
def test_only_what_a_person_wrote_is_taken(kind, written):
    assert is_written(kind) is written
    assert is_written(kind | 0x40) is written


def test_a_whole_message():
    written = written_of(delivered("余额".encode("utf-16-be"), data_coding=8), CODINGS)
    assert written == Written(gateway="smpp", id=None, sender=f"+{PHONE}", text="余额")
    national = written_of(delivered(b"BAL", type_of_number=2, sender="013800138000"), CODINGS)
    assert isinstance(national, Written)
    assert national.sender == "013800138000"


@given(
    st.text(min_size=200, max_size=600).filter(lambda each: not is_gsm(each)),
    st.integers(0, 0xFFFF),
)
def test_parts_are_put_together_again(text, reference):
    """As we cut texts ourselves: by the header of eight bits."""
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    parts = [
        written_of(delivered(part.octets, esm_class=0x40, data_coding=8), CODINGS)
        for part in segments_of(text, reference=reference).parts
    ]
    assert all(isinstance(part, WrittenPart) for part in parts)
    assert {part.reference for part in parts} == {reference & 0xFF}
    assert [part.number for part in parts] == list(range(1, parts[0].total + 1))
    assert text_of(b"".join(part.octets for part in parts), Coding.UCS2) == text


@pytest.mark.parametrize(
    ("header", "more", "place"),
    [
        (b"\x05\x00\x03\x2a\x02\x01", {}, (0x2A, 2, 1)),
        (b"\x06\x08\x04\x01\x2a\x03\x03", {}, (0x12A, 3, 3)),
        # Ports beside it.
        (b"\x0b\x05\x04\x00\x01\x00\x02\x00\x03\x07\x02\x02", {}, (7, 2, 2)),
        # What stands beside the text.
        (b"", {"sar": (300, 2, 1), "esm_class": 0}, (300, 2, 1)),
        # None of a long text, and none that could be.
        (b"\x06\x05\x04\x00\x01\x00\x02", {}, None),
        (b"\x05\x00\x03\x2a\x02\x03", {}, None),
        (b"\x05\x00\x03\x2a\x01\x01", {}, None),
        (b"\x05\x00\x03\x2a\x02\x00", {}, None),
        (b"\x00", {}, None),
        (b"", {"sar": (1, 0, 0), "esm_class": 0}, None),
    ],
)
def test_headers(header, more, place):
    written = written_of(delivered(header + b"BALANCE", **{"esm_class": 0x40} | more), CODINGS)
    if place is None:
        assert isinstance(written, Written)
        assert written.text == "BALANCE"
    else:
        assert isinstance(written, WrittenPart)
        assert (written.reference, written.total, written.number) == place
        assert written.octets == b"BALANCE"


@given(st.binary(max_size=40), st.integers(0, 255), st.integers(0, 255))
def test_whatever_a_centre_delivers_is_read(octets, esm_class, data_coding):
    written_of(delivered(octets, esm_class=esm_class, data_coding=data_coding), CODINGS)
