"""Documents that people write, in YAML without surprises: dates and 22:00 stay text."""

import re
from collections import Counter
from typing import Any

import yaml

_TEXT_MAX = 1_000_000


class NotYaml(ValueError):
    """The text is neither YAML nor JSON, or is too long; the message is one line."""


def read_yaml(text: str | bytes) -> object:
    """What a YAML or JSON text holds: JSON types only. Raises `NotYaml`."""
    if len(text) > _TEXT_MAX:
        message = f"the document is longer than {_TEXT_MAX} characters"
        raise NotYaml(message)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader's child
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        message = f"neither YAML nor JSON: {' '.join(str(error).split())}"
        raise NotYaml(message) from error


class _Loader(yaml.SafeLoader):
    """A key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        keys = Counter(str(key.value) for key, _ in pairs)
        twice = sorted(key for key, count in keys.items() if count > 1)
        if twice:
            place = node.start_mark.line + 1
            message = f"line {place}: {', '.join(twice)} stands twice"
            raise yaml.YAMLError(message)
        return super().construct_mapping(node, deep)


# PyYAML reads 22:00 as 1320 and the key `on` as true: only plain numbers, true, false and null are
# other than text here.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", list("tf")),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    ("tag:yaml.org,2002:float", r"^-?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)  # pyright: ignore[reportUnknownMemberType]
