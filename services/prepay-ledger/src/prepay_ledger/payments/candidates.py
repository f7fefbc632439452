"""Which accounts a payer may have meant, by what was typed: pure.

What could have been meant is generated from what was typed, and looked up by an index, so that it
takes no longer where there are more accounts. The check digits of a payment reference leave about
one number in a hundred of that.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from string import ascii_uppercase, digits
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.payment_reference import (
    TypedReference,
    plain_number,
    read_reference,
    those_of,
)

CANDIDATES_MAX = 20
TYPED_CHARACTERS_MAX = 25
"""Longer than a payment reference, so it is something else."""
_PAIRS_MAX = 32_000
"""Of slips that are combined, which is what takes time."""
_LOOKS_LIKE = {"0": "OQD", "1": "IL", "2": "Z", "5": "S", "6": "G", "8": "B"}
_ALIKE = {letter: digit for digit, letters in _LOOKS_LIKE.items() for letter in letters}


class Slip(StrEnum):
    """How what was typed differs from an account's number, the likeliest first."""

    FORM = "form"
    TRANSPOSED = "transposed"
    LOOKS_ALIKE = "looks-alike"
    CHECK_DIGITS = "check-digits"
    REPLACED = "replaced"
    LEFT_OUT = "left-out"
    ADDED = "added"
    TWO = "two"

    @property
    def text(self) -> str:
        """For people."""
        return _TEXTS[self]


_TEXTS = {
    Slip.FORM: "the same letters and digits",
    Slip.TRANSPOSED: "two characters changed places",
    Slip.LOOKS_ALIKE: "one character was taken for another that looks like it",
    Slip.CHECK_DIGITS: "its number, with other check digits",
    Slip.REPLACED: "one character is another",
    Slip.LEFT_OUT: "one character was left out",
    Slip.ADDED: "one character is too many",
    Slip.TWO: "two slips",
}


_LIKELY = (Slip.TRANSPOSED, Slip.LOOKS_ALIKE)


class Found(NamedTuple):
    """An account that exists, with its number."""

    account_id: UUID
    number: str


class Candidate(NamedTuple):
    """An account that may have been meant."""

    found: Found
    slip: Slip


def near(typed: str) -> Mapping[str, Slip]:
    """Plain numbers at one slip from what was typed; of a payment reference, those that its check
    digits fit, or its own number."""
    plain, reference = _read(typed)
    if not plain or len(plain) > TYPED_CHARACTERS_MAX:
        return {}
    found = dict(_one_slip(plain))
    if reference is None:
        return found | {plain: Slip.FORM}
    fit = those_of(reference.check_digits, found)
    return {number: slip for number, slip in found.items() if number in fit} | {
        plain: Slip.FORM if reference.holds else Slip.CHECK_DIGITS
    }


def further(typed: str) -> Mapping[str, Slip]:
    """Plain numbers at two slips. Of a payment reference those that its check digits fit; of a long
    one, one of the two is a likely one (`_LIKELY`). Of a number alone, which nothing narrows, both
    are."""
    plain, reference = _read(typed)
    if not plain or len(plain) > TYPED_CHARACTERS_MAX:
        return {}
    one = dict(_one_slip(plain))
    likely = [number for number, slip in one.items() if slip in _LIKELY]
    if reference is None:
        twice = {number for each in likely for number, slip in _one_slip(each) if slip in _LIKELY}
    else:
        first = likely if len(one) ** 2 > _PAIRS_MAX else one
        pairs = {number for each in first for number, _ in _one_slip(each)}
        twice = those_of(reference.check_digits, pairs)
    return dict.fromkeys(twice - {plain}, Slip.TWO)


def ranked(found: Iterable[Found], slips: Mapping[str, Slip]) -> list[Candidate]:
    """The likeliest first, as many as a person can look at."""
    order = {slip: at for at, slip in enumerate(Slip)}
    candidates = [Candidate(each, slips[plain_number(each.number)]) for each in found]
    candidates.sort(key=lambda each: (order[each.slip], each.found.number))
    return candidates[:CANDIDATES_MAX]


def _read(typed: str) -> tuple[str, TypedReference | None]:
    reference = read_reference(typed)
    return (reference.plain_number if reference else plain_number(typed)), reference


def _one_slip(plain: str) -> Iterator[tuple[str, Slip]]:
    """Each number once, with the likeliest slip. Letters only where there are some."""
    seen = {plain}
    for number, slip in _slips(plain):
        if number not in seen and number:
            seen.add(number)
            yield number, slip


def _slips(plain: str) -> Iterator[tuple[str, Slip]]:
    alphabet = digits if plain.isdigit() else digits + ascii_uppercase
    alike = {} if plain.isdigit() else _LOOKS_LIKE | _ALIKE
    cut = [(plain[:at], plain[at:]) for at in range(len(plain) + 1)]
    for head, tail in cut[:-2]:
        yield head + tail[1] + tail[0] + tail[2:], Slip.TRANSPOSED
    for head, tail in cut[:-1]:
        for other in alike.get(tail[0], ""):
            yield head + other + tail[1:], Slip.LOOKS_ALIKE
    for head, tail in cut[:-1]:
        for other in alphabet:
            yield head + other + tail[1:], Slip.REPLACED
    for head, tail in cut:
        for other in alphabet:
            yield head + other + tail, Slip.LEFT_OUT
    for head, tail in cut[:-1]:
        yield head + tail[1:], Slip.ADDED
