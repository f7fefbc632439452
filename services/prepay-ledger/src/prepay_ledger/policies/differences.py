"""What a policy changes against another, for a person to read: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from prewatt_common.contracts.supply_policy_v1 import DEFAULT_CLASS, SupplyPolicy

_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that differs. ``of``: like ``class household`` or ``calendar city``; ``field``: like
    ``commands.first_pause_s``. Of a list: what went and what came."""

    of: str
    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.of}: {self.field}: {self.before} -> {self.after}"


def differences(before: SupplyPolicy, after: SupplyPolicy) -> tuple[Difference, ...]:
    """By class, calendar and kind of protection. A class that only one of them names is compared
    with what it has in the other: the default."""
    parts: list[tuple[str, object, object]] = [
        ("document", _head(before), _head(after)),
        *(
            (f"class {name}", before.of_class(name), after.of_class(name))
            for name in (*sorted(before.classes.keys() | after.classes.keys()), DEFAULT_CLASS)
        ),
        *_by_name("calendar", before.calendars, after.calendars),
        *_by_name("protection", before.protections, after.protections),
    ]
    return tuple(
        difference
        for of, old, new in parts
        for difference in _compared(of, dict(_fields(old)), dict(_fields(new)))
    )


def _head(policy: SupplyPolicy) -> Mapping[str, object]:
    return {"title": policy.title, "sources": policy.sources}


def _by_name(
    kind: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    for name in sorted(before.keys() | after.keys()):
        yield f"{kind} {name}", before.get(name), after.get(name)


def _compared(of: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, list) and isinstance(new, list):
            went, came = _without(old, new), _without(new, old)
            if went or came:  # else it is their order
                old, new = went, came
        texts = _text(old), _text(new)
        if texts[0] != texts[1]:
            yield Difference(of=of, field=name, before=texts[0], after=texts[1])


def _fields(part: object) -> Iterator[tuple[str, Any]]:
    """Each field that is no part with fields of its own, like ``commands.first_pause_s``, in JSON
    types; of nothing none."""
    found: Any = msgspec.json.decode(msgspec.json.encode(part))
    return _leaves("", found or {})


def _leaves(prefix: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{name}.", value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield prefix + name, value


def _without(some: Any, others: Any) -> list[Any]:
    return [each for each in some if each not in others]


def _text(value: Any) -> str:
    """Of JSON types: names and values, without brackets and quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_text, cast("list[Any]", value))) or _NONE
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return " ".join(f"{name} {_text(each)}" for name, each in parts.items())
    return _NONE if value in (None, "") else str(value)
