"""The language that texts are written in: a small part of Jinja's.

Text, ``{{ name }}``, and ``{% if %}`` on what there is. No loop, attribute, filter, macro or
arithmetic: so nothing can be walked through, and a text takes time and room in proportion to its
own length, whoever wrote it. What is not listed here is refused before it is compiled, at each
rendering too; Jinja's sandbox is a second wall.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import test_defined

from notifier.templates.wording import Value

SOURCE_CHARS_MAX = 8_000
_NODES_MAX = 1_000
_DEPTH_MAX = 30
_COMPILED_MAX = 1_000
_SAYS: Mapping[type[nodes.Node], str] = {
    nodes.For: "no loop: no fact is a list",
    nodes.Getattr: "no attribute: a fact is said as it is",
    nodes.Getitem: "no attribute: a fact is said as it is",
    nodes.Filter: "no filter: a fact is said as it is",
    nodes.Macro: "no macro",
    nodes.Block: "no block: subject and body are given apart",
}
_ALLOWED = (
    nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Name, nodes.Const,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip


class NotThisLanguage(Exception):
    """What a text is written in is more than the language has."""

    def __init__(self, line: int, says: str) -> None:
        super().__init__(f"line {line}: {says}")
        self.line = line
        self.says = says


class Unsaid(Exception):
    """A text and the facts do not fit."""


class _Absent(StrictUndefined):
    """What a notice does not have: false in a condition, and an error where it is said."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=_Absent,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    made.globals = {}
    made.filters = {}
    made.tests = {"defined": test_defined}
    return made


_ENVIRONMENT = _environment()


def parse(source: str) -> nodes.Template:
    """Raises `NotThisLanguage`."""
    if len(source) > SOURCE_CHARS_MAX:
        raise NotThisLanguage(1, f"{len(source)} characters are over {SOURCE_CHARS_MAX}")
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise NotThisLanguage(error.lineno, str(error.message)) from error
    except RecursionError as error:
        raise NotThisLanguage(1, "it is nested too deep") from error
    except ValueError as error:
        # A number of thousands of digits.
        raise NotThisLanguage(1, str(error)) from error
    for count, (node, depth) in enumerate(_walk(tree)):
        if count > _NODES_MAX or depth > _DEPTH_MAX:
            raise NotThisLanguage(_line(node), "it is nested too deep, or has too many parts")
        says = _wrong(node)
        if says is not None:
            raise NotThisLanguage(_line(node), says)
    return tree


def say(source: str, values: Mapping[str, Value]) -> str:
    """``source`` with ``values``, without space at its ends. Raises `NotThisLanguage` or
    `Unsaid`."""
    try:
        return _compiled(source).render(values).strip()
    except (TemplateError, TypeError) as error:
        raise Unsaid(str(error)) from error


@lru_cache(_COMPILED_MAX)
def _compiled(source: str):
    return _ENVIRONMENT.from_string(parse(source))


def _walk(tree: nodes.Template) -> Iterator[tuple[nodes.Node, int]]:
    """All below ``tree``, each with its depth. A loop and not a recursion: it may be deep."""
    waiting: list[tuple[nodes.Node, int]] = [(each, 1) for each in tree.iter_child_nodes()]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(each, depth + 1) for each in node.iter_child_nodes()]


def _line(node: nodes.Node) -> int:
    """Jinja knows none of some nodes."""
    line: int | None = node.lineno
    return line or 1


def _wrong(node: nodes.Node) -> str | None:  # noqa: PLR0911 - a case each
    """Why the language does not have it."""
    match node:
        case nodes.Test(name="defined", node=nodes.Name()):
            return None
        case nodes.Test():
            return "the only test is: NAME is defined"
        case nodes.Name(ctx="load", name=name):
            return "self is no fact" if name == "self" else None
        case nodes.Name(name=name):
            return f"{name} is not to be changed"
        case nodes.Const(value=value):
            written = isinstance(value, str | int)
            return None if written else "only texts and whole numbers are written out"
        case nodes.CondExpr(expr2=None):
            return "an if within {{ }} needs its else"
        case nodes.Compare(ops=ops) if any(each.op in ("in", "notin") for each in ops):
            return "compare by ==, !=, <, <=, > or >="
        case _ if isinstance(node, _ALLOWED):
            return None
        case _:
            name = type(node).__name__.lower()
            return _SAYS.get(type(node), f"{name} is not in the language of texts")
