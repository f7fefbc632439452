"""Texts with ``{names}`` in braces, filled in from what is known or from a JSON document."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from pydantic import JsonValue

_NAME = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
ValueOf: TypeAlias = Callable[[str], str]
"""The value of a name; raises `Missing`."""


class Missing(Exception):
    """Nothing is known by this name, or at this place."""


def names_in(pattern: JsonValue) -> set[str]:
    """Every name in braces, in a text or in the texts of a document.

    >>> sorted(names_in({"to": "{to}", "parts": ["{text}", 1]}))
    ['text', 'to']
    """
    match pattern:
        case str():
            return set(_NAME.findall(pattern))
        case list():
            return {name for each in pattern for name in names_in(each)}
        case dict():
            return {name for each in pattern.values() for name in names_in(each)}
        case _:
            return set()


def fill(pattern: str, value_of: ValueOf) -> str:
    """Each name's value in its place. A value with braces in it stays as it is."""
    return _NAME.sub(lambda found: value_of(found[1]), pattern)


def fill_all(pattern: JsonValue, value_of: ValueOf) -> JsonValue:
    """As `fill`, in every text of a document."""
    match pattern:
        case str():
            return fill(pattern, value_of)
        case list():
            return [fill_all(each, value_of) for each in pattern]
        case dict():
            return {key: fill_all(each, value_of) for key, each in pattern.items()}
        case _:
            return pattern


def of_mapping(values: Mapping[str, str]) -> ValueOf:
    """Names are the keys of ``values``."""

    def value_of(name: str) -> str:
        if name not in values:
            raise Missing(name)
        return values[name]

    return value_of


def at(document: JsonValue, place: str) -> JsonValue:
    """What stands at a place: members by name and elements by number, with dots between. Raises
    `Missing`. The empty place is the whole document.

    >>> at({"messages": [{"id": "7"}]}, "messages.0.id")
    '7'
    """
    found = document
    for part in place.split(".") if place else ():
        match found:
            case dict() if part in found:
                found = found[part]
            case list() if part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            case _:
                raise Missing(place)
    return found


def of_document(document: JsonValue) -> ValueOf:
    """Names are places in ``document``; what stands there is one value, not a list of them.

    >>> fill("+{code}{number}", of_document({"code": 86, "number": "138"}))
    '+86138'
    """

    def value_of(place: str) -> str:
        match at(document, place):
            case bool() as found:
                return "true" if found else "false"
            case str() | int() | float() as found:
                return str(found)
            case _:
                raise Missing(place)

    return value_of
