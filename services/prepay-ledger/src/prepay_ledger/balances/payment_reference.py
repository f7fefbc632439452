"""What a customer pays by: the account's number behind two check digits, so that a slip is noticed
before money goes to a stranger.

ISO 11649, the creditor reference (RF) that banks know and check too: ISO 7064 MOD 97-10 over at
most 21 capital letters and digits. It notices each digit put for another, each letter put for
another, and each two digits, or two letters, that changed places. A utility's numbers stay as they
are: the reference is made from them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_uppercase

_CHARACTERS_MAX = 21
_DROPPED = re.compile(r"[^A-Za-z0-9]")
_REFERENCE = re.compile(rf"RF([0-9]{{2}})([A-Z0-9]{{1,{_CHARACTERS_MAX}}})")
_AS_DIGITS = str.maketrans({letter: str(10 + at) for at, letter in enumerate(ascii_uppercase)})
_RF00 = 271500
"""What is appended to the number while its check digits are counted: RF, and 00 in their place."""


@dataclass(frozen=True, slots=True)
class TypedReference:
    """A payment reference as somebody typed it. ``plain_number``: the account's, if it holds."""

    check_digits: str
    plain_number: str

    @property
    def holds(self) -> bool:
        """Its check digits are those of its number."""
        return self.check_digits == check_digits(self.plain_number)


def plain_number(number: str) -> str:
    """Letters and digits of ASCII, in capitals: what is left of an account's number in a reference.
    Two accounts may have the same, such as A-1 and A1."""
    return _DROPPED.sub("", number).upper()


def check_digits(plain: str) -> str:
    """Of a plain number that is not empty."""
    return f"{98 - (_remainder(plain) * 10**6 + _RF00) % 97:02}"


def those_of(digits: str, plain_numbers: Iterable[str]) -> set[str]:
    """Of many plain numbers those that have these check digits."""
    wanted = (98 - int(digits) - _RF00) * pow(10**6, -1, 97) % 97
    return {each for each in plain_numbers if _remainder(each) == wanted}


def payment_reference(number: str) -> str | None:
    """None for a number of no plain character, or of too many."""
    plain = plain_number(number)
    if not 1 <= len(plain) <= _CHARACTERS_MAX:
        return None
    return f"RF{check_digits(plain)}{plain}"


def read_reference(given: str) -> TypedReference | None:
    """What was given, if it has the form of a payment reference: with spaces between, or in small
    letters, too."""
    found = _REFERENCE.fullmatch(plain_number(given))
    return TypedReference(found[1], found[2]) if found else None


def _remainder(plain: str) -> int:
    return int(plain.translate(_AS_DIGITS)) % 97
