"""The words that customers write, of every language: ``words/<language>.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Language
from notifier.inbound.values import Word

MeaningT = TypeVar("MeaningT")
_WORDS = Path(__file__).parent / "words"


class BadWords(Exception):
    """A file of ours has a word that means two things, or that no customer could write."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """By how they are written, in whatever language."""

    words: Mapping[str, Word]
    purposes: Mapping[str, Purpose]


@cache
def shipped() -> Catalogue:
    """All languages together: who writes English to a Chinese utility is understood."""
    words: dict[str, Word] = {}
    purposes: dict[str, Purpose] = {}
    for language in Language:
        text = (_WORDS / f"{language}.toml").read_text(encoding="utf-8")
        document: dict[str, dict[str, list[str]]] = tomllib.loads(text)
        if missing := set(Word) - document["words"].keys():
            message = f"words/{language}.toml has no {', '.join(sorted(missing))}"
            raise BadWords(message)
        for name, written in document["words"].items():
            _add(words, written, Word(name))
        for name, written in document["purposes"].items():
            _add(purposes, written, Purpose(name))
    return Catalogue(words, purposes)


def _add(known: dict[str, MeaningT], written: list[str], meaning: MeaningT) -> None:
    for each in written:
        if not each.isalpha() or each != each.casefold():
            message = f"{each!r}: words are letters in lower case"
            raise BadWords(message)
        if known.setdefault(each, meaning) != meaning:
            message = f"{each!r} means {known[each]!r} and {meaning!r}"
            raise BadWords(message)
