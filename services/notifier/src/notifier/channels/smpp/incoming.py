"""What a customer writes, as an SMS centre delivers it: whose it is, how it is coded, and which
part of a long text it is (SMPP 3.4, 3GPP TS 23.038 and 23.040)."""

from typing import NamedTuple

from notifier.channels.ports import Coding, Written, WrittenPart
from notifier.channels.reading import text_of
from notifier.channels.smpp.rules import DataCodings

GATEWAY = "smpp"
_HAS_HEADER = 0x40
_KIND_MASK = 0x3C
_TYPE_INTERNATIONAL = 1
_REFERENCE_8, _REFERENCE_16 = 0x00, 0x08
_ASCII, _LATIN_1 = 0x01, 0x03
_CLASSES, _CLASS_OF_OCTETS = 0xF0, 0x04
_GENERAL_END, _ALPHABET_MASK = 0x40, 0x0C
_OCTETS, _UCS2 = 0x04, 0x08
_BINARY = frozenset({0x02, 0x04})


class Delivered(NamedTuple):
    """The fields of a ``deliver_sm`` that say what a customer wrote. ``sar``: the reference, the
    total and the number of its part, where they stand beside the text."""

    esm_class: int
    data_coding: int
    type_of_number: int
    sender: str
    octets: bytes
    sar: tuple[int, int, int] | None = None


def is_written(esm_class: int) -> bool:
    """Whether a person wrote it: the rest are receipts, and notes of phones and centres."""
    return esm_class & _KIND_MASK == 0


def coding_of(data_coding: int, codings: DataCodings) -> Coding:
    """What ``data_coding`` means, at a centre that calls the alphabets so."""
    if data_coding == codings.gsm:
        return Coding.GSM
    if data_coding == codings.ucs2:
        return Coding.UCS2
    if data_coding in (_ASCII, _LATIN_1):
        return Coding.LATIN_1
    if data_coding in _BINARY:
        return Coding.BINARY
    if data_coding & _CLASSES == _CLASSES:
        return Coding.BINARY if data_coding & _CLASS_OF_OCTETS else Coding.GSM
    alphabet = data_coding & _ALPHABET_MASK if data_coding < _GENERAL_END else 0
    return {_OCTETS: Coding.BINARY, _UCS2: Coding.UCS2}.get(alphabet, Coding.GSM)


def written_of(delivered: Delivered, codings: DataCodings) -> Written | WrittenPart:
    """A whole message, or a part of one. It has no id: SMS centres give none."""
    octets, place = delivered.octets, delivered.sar
    if delivered.esm_class & _HAS_HEADER and octets:
        header, octets = octets[1 : octets[0] + 1], octets[octets[0] + 1 :]
        place = _place_in(header) or place
    coding = coding_of(delivered.data_coding, codings)
    sender = delivered.sender
    if delivered.type_of_number == _TYPE_INTERNATIONAL and not sender.startswith("+"):
        sender = f"+{sender}"
    if place is None or not 1 <= place[2] <= place[1] or place[1] == 1:
        return Written(gateway=GATEWAY, id=None, sender=sender, text=text_of(octets, coding))
    reference, total, number = place
    return WrittenPart(
        gateway=GATEWAY,
        sender=sender,
        reference=reference,
        total=total,
        number=number,
        coding=coding,
        octets=octets,
    )


def _place_in(header: bytes) -> tuple[int, int, int] | None:
    """What the header of a text says of its part; none where it says something else."""
    while len(header) >= 2:
        kind, length = header[0], header[1]
        said, header = header[2 : 2 + length], header[2 + length :]
        if kind == _REFERENCE_8 and len(said) == length == 3:
            return said[0], said[1], said[2]
        if kind == _REFERENCE_16 and len(said) == length == 4:
            return int.from_bytes(said[:2], "big"), said[2], said[3]
    return None
