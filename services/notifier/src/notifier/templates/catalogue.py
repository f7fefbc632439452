"""The texts that are shipped, version 0: ``texts/<language>/<template>.txt``, in blocks."""

import re
from functools import cache
from pathlib import Path

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Template
from notifier.templates.values import Source, TextKey

_TEXTS = Path(__file__).parent / "texts"
_BLOCK = re.compile(r"{% block (\w+) %}\n(.*?){% endblock %}\n", re.DOTALL)
_BLOCKS = ("subject", "body", "short")


class BadCatalogue(Exception):
    """A file of ours is not in its form."""


@cache
def built_in(key: TextKey) -> Source | None:
    """None where nothing is shipped in the language."""
    blocks = _blocks(key.language, key.template)
    if blocks is None:
        return None
    subject, body, short = blocks
    return Source(body, subject) if key.channel is Channel.EMAIL else Source(short)


def _blocks(language: Language, template: Template) -> tuple[str, str, str] | None:
    path = _TEXTS / language / f"{template}.txt"
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    found = {name: body.strip() for name, body in _BLOCK.findall(text)}
    if tuple(found) != _BLOCKS or _BLOCK.sub("", text).strip():
        message = f"{path} is not the blocks {', '.join(_BLOCKS)}"
        raise BadCatalogue(message)
    subject, body, short = (found[name] for name in _BLOCKS)
    return subject, body, short
