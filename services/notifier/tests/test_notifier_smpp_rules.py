"""Receipts, refusals and addresses of SMPP."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure, Verdict
from notifier.channels.smpp import pdus
from notifier.channels.smpp.receipts import IdForm, ReceiptUnreadable, is_receipt, receipt_of
from notifier.channels.smpp.rules import (
    Throttled,
    address_of,
    failure_of,
    reference_of,
    validity_of,
)

TEXT, HEX, DECIMAL = IdForm
DELIVERED, BOUNCED = Verdict
USUAL = (
    b"id:0000006699 sub:001 dlvrd:001 submit date:2611291200 done date:2611291201 "
    b"stat:DELIVRD err:000 text:hello"
)


def read(body: bytes, *, tlv_id: bytes | None = None, state: int | None = None, **forms):
    return receipt_of(
        body,
        receipted_message_id=tlv_id,
        message_state=state,
        answered_as=forms.get("answered_as", TEXT),
        reported_as=forms.get("reported_as", TEXT),
    )


@pytest.mark.parametrize(
    ("body", "message_id", "verdict"),
    [
        (USUAL, "0000006699", DELIVERED),
        (b"id:7 stat:UNDELIV err:0A1", "7", BOUNCED),
        (b"id:7 stat:EXPIRED", "7", BOUNCED),
        (b"id:7 stat:DELETED", "7", BOUNCED),
        (b"id:7 stat:REJECTD", "7", BOUNCED),
        (b"id:7 stat:ACCEPTD", "7", None),
        (b"id:7 stat:ENROUTE", "7", None),
        (b"id:7 stat:UNKNOWN", "7", None),
        # As some centres write it.
        (b"ID: 7 STAT: Delivered", "7", DELIVERED),
        (b"stat:UNDELIVERABLE id:7f-a\0", "7f-a", BOUNCED),
        (b"id:7 stat:DELIVRD text:stat:REJECTD id:8", "7", DELIVERED),
        (b"id:7 sub:00x done date:29 Nov err:?? stat:DELIVRD Text:\xff\xfe", "7", DELIVERED),
    ],
)
def test_a_receipt_in_text(body, message_id, verdict):
    receipt = read(body)
    assert (receipt.message_id, receipt.verdict) == (message_id, verdict)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [(1, None), (2, DELIVERED), (3, BOUNCED), (4, BOUNCED), (5, BOUNCED), (6, None), (7, None),
     (8, BOUNCED), (99, None)],
)  # fmt: skip
def test_what_stands_beside_the_text_goes_before_it(state, verdict):
    receipt = read(b"id:1 stat:REJECTD", tlv_id=b"1a2B\0", state=state, answered_as=HEX)
    assert (receipt.message_id, receipt.verdict) == ("6699", verdict)


def test_an_answer_in_hexadecimal_and_a_receipt_in_decimal_are_one_number():
    assert read(USUAL, answered_as=HEX, reported_as=DECIMAL).message_id == HEX.read("1A2B")
    assert read(b"id:1A2B stat:DELIVRD", answered_as=DECIMAL, reported_as=HEX).message_id == "6699"


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"stat:DELIVRD", b"id:7", b"text:id:7 stat:DELIVRD"]
)
def test_what_names_no_message_or_no_state_is_no_receipt(body):
    with pytest.raises(ReceiptUnreadable):
        read(body)


@given(body=st.binary(max_size=300), form=st.sampled_from(IdForm))
def test_no_body_breaks_the_reading(body, form):
    try:
        receipt = read(body, reported_as=form)
    except ReceiptUnreadable:
        return
    assert receipt.message_id


def test_a_receipt_repeats_nothing_of_what_the_customer_was_told():
    assert read(USUAL).reason == "delivery receipt DELIVRD, error 000"


@pytest.mark.parametrize(
    ("esm_class", "receipt"), [(0x04, True), (0x44, True), (0x00, False), (0x20, False)]
)
def test_a_receipt_and_a_customers_words(esm_class, receipt):
    assert is_receipt(esm_class) is receipt


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x14, Throttled), (0x58, Throttled), (0x08, PeerDown), (0x0E, PeerDown), (0x0A, PeerDown),
        (0x64, PeerDown), (0x0B, PermanentFailure), (0x65, PermanentFailure),
        (0x66, PermanentFailure), (0x45, TransientFailure), (0x411, TransientFailure),
    ],
)  # fmt: skip
def test_which_answers_are_final(status, kind):
    failure = failure_of(status)
    assert type(failure) is kind
    assert f"0x{status:08X}" in str(failure)


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("+8613800000021", (1, 1, "8613800000021")),
        ("95598", (0, 1, "95598")),
        ("Prewatt", (5, 0, "Prewatt")),
        ("", (0, 0, "")),
    ],
)
def test_the_kind_of_a_number(number, address):
    assert address_of(number) == address


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(hours=72), "000003000000000R"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5), "000001020304000R"),
        (timedelta(days=90), "000030000000000R"),
        (timedelta(seconds=-5), "000000000100000R"),
    ],
)
def test_the_centre_tries_for_as_long_as_it_is_worth_saying(left, said):
    assert validity_of(left) == said


def test_two_attempts_number_their_parts_alike():
    notice_id = UUID(int=2**100 + 0x12345)
    assert reference_of(notice_id) == 0x2345


def test_a_submission_is_read_as_it_was_written():
    pdu = pdus.submit(
        source=address_of("95598"),
        destination=address_of("+8613800000021"),
        octets=b"\x05\x00\x03\x01\x02\x01" + "电".encode("utf-16-be"),
        has_header=True,
        data_coding=8,
        validity="000003000000000R",
        receipt=True,
    )
    back = pdus.read(pdus.write(pdu, sequence=7))
    assert (back.command, back.sequence, back.esm_class) == ("submit_sm", 7, 0x40)
    assert back.data_coding == 8
    assert back.short_message.endswith("电".encode("utf-16-be"))


@given(octets=st.binary(max_size=200))
def test_whatever_a_centre_sends_is_read_or_refused(octets):
    whole = pdus.write(pdus.bare("deliver_sm"), sequence=3)
    for pdu in (whole[:16] + octets, octets.rjust(16, b"\x05")):
        try:
            pdus.read(pdu)
        except pdus.Unreadable:
            continue
