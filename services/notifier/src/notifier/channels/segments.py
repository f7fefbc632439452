"""A text as the parts that a phone puts together again."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from grapheme import graphemes

from notifier.channels.gsm import gsm_octets, is_gsm
from notifier.channels.ports import PermanentFailure

_PARTS_MAX = 255
_SEPTETS_MAX = 160
_UCS2_MAX = 70
_OCTETS_MAX = 140


class Alphabet(StrEnum):
    """What a text is written in: all of it in one."""

    GSM = "gsm"
    UCS2 = "ucs2"


class ReferenceBits(IntEnum):
    """How long the number is by which a phone finds the parts of one text."""

    EIGHT = 8
    SIXTEEN = 16
    """Fewer texts at a time share a number; a part holds one character less."""

    @property
    def header_octets(self) -> int:
        """Of the header that each part of a long text begins with."""
        return 6 if self is ReferenceBits.EIGHT else 7


class TextTooLong(PermanentFailure):
    """More parts than can be numbered."""


@dataclass(frozen=True, slots=True)
class Part:
    """``header`` is empty where the text is in one part; with it ``octets`` are 140 at most once
    the septets are packed."""

    text: str
    header: bytes
    body: bytes

    @property
    def octets(self) -> bytes:
        """What the SMS centre is given."""
        return self.header + self.body


@dataclass(frozen=True, slots=True)
class Segments:
    """The parts of one text, in order."""

    alphabet: Alphabet
    parts: tuple[Part, ...]


def segments_of(
    text: str, *, reference: int = 0, bits: ReferenceBits = ReferenceBits.EIGHT
) -> Segments:
    """As few parts as there can be, none of which begins within a character as a reader sees it.

    ``reference`` is cut to ``bits``. Raises `TextTooLong`.

    >>> [len(part.text) for part in segments_of("a" * 161).parts]
    [153, 8]
    >>> [len(part.text) for part in segments_of("电" * 71).parts]
    [67, 4]
    """
    alphabet = Alphabet.GSM if is_gsm(text) else Alphabet.UCS2
    if _units(text, alphabet) <= _alone_max(alphabet):
        return Segments(alphabet, (Part(text, b"", _octets(text, alphabet)),))
    texts = _split(text, alphabet, units_max=_part_max(alphabet, bits))
    if len(texts) > _PARTS_MAX:
        message = f"a text of {len(text)} characters would be {len(texts)} parts, over {_PARTS_MAX}"
        raise TextTooLong(message)
    return Segments(
        alphabet,
        tuple(
            Part(each, _header(reference, bits, len(texts), number), _octets(each, alphabet))
            for number, each in enumerate(texts, start=1)
        ),
    )


def _alone_max(alphabet: Alphabet) -> int:
    return _SEPTETS_MAX if alphabet is Alphabet.GSM else _UCS2_MAX


def _part_max(alphabet: Alphabet, bits: ReferenceBits) -> int:
    free_octets = _OCTETS_MAX - bits.header_octets
    # A header is padded to whole septets, and to whole UCS-2 characters.
    return free_octets * 8 // 7 if alphabet is Alphabet.GSM else free_octets // 2


def _octets(text: str, alphabet: Alphabet) -> bytes:
    return gsm_octets(text) if alphabet is Alphabet.GSM else text.encode("utf-16-be")


def _units(text: str, alphabet: Alphabet) -> int:
    octets = len(_octets(text, alphabet))
    return octets if alphabet is Alphabet.GSM else octets // 2


def _split(text: str, alphabet: Alphabet, *, units_max: int) -> list[str]:
    texts: list[str] = []
    part, used = "", 0
    for piece in _pieces(text, alphabet, units_max=units_max):
        units = _units(piece, alphabet)
        if used + units > units_max:
            texts.append(part)
            part, used = "", 0
        part += piece
        used += units
    texts.append(part)
    return texts


def _pieces(text: str, alphabet: Alphabet, *, units_max: int) -> list[str]:
    """What is never split: a character as a reader sees it (accents, joined emoji, flags). One that
    is longer than a part has to be: between its code points, never within one."""
    pieces: list[str] = []
    for seen in graphemes(text):
        pieces += [seen] if _units(seen, alphabet) <= units_max else list(seen)
    return pieces


def _header(reference: int, bits: ReferenceBits, count: int, number: int) -> bytes:
    """The concatenation element of GSM 03.40, 9.2.3.24."""
    if bits is ReferenceBits.EIGHT:
        return bytes([5, 0x00, 3, reference & 0xFF, count, number])
    return bytes([6, 0x08, 4, *(reference & 0xFFFF).to_bytes(2, "big"), count, number])
