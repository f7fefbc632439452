"""Models that take JSON's own types only: an integer is no text and no boolean, a time no number.

Pydantic's strict mode would refuse texts where a UUID or an instant is wanted too: it means
Python's types.
"""

from typing import Any, cast

from pydantic_core import CoreSchema, core_schema

_NUMBERS = frozenset({"int", "float", "bool"})
_TIMES = frozenset({"date", "datetime", "time", "timedelta"})


def hold_to_json_types(schema: CoreSchema) -> CoreSchema:
    """``schema``, changed in place with all that is in it."""
    _hold(schema)
    return schema


def _hold(node: object) -> None:
    if isinstance(node, list | tuple):
        for each in cast(list[object], node):
            _hold(each)
    elif isinstance(node, dict):
        schema = cast(dict[str, Any], node)
        if schema.get("type") in _TIMES:
            inner = cast(CoreSchema, dict(schema))
            schema.clear()
            schema.update(core_schema.no_info_before_validator_function(_written, inner))
            return
        if schema.get("type") in _NUMBERS:
            schema["strict"] = True
        for name, each in schema.items():
            if name != "metadata":
                _hold(each)


def _written(value: object) -> object:
    """A time is a text, and none of digits only, which Pydantic would take for seconds."""
    digits = isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdecimal()
    if digits or isinstance(value, int | float):
        message = "a time is written as in RFC 3339, such as 2026-11-29T08:00:00Z"
        raise ValueError(message)
    return value
