"""Use case: what a customer of some language or channel could not be told in words of their own."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import NamedTuple

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Template
from notifier.templates.catalogue import built_in
from notifier.templates.check_source import TextLimits, check_source
from notifier.templates.ports import TextStore
from notifier.templates.publish_text import told
from notifier.templates.values import TextKey


class Hole(NamedTuple):
    """A text that is not there, or not good."""

    key: TextKey
    says: str


async def find_holes(
    *, store: TextStore, limits: TextLimits, fallback: Language, now: datetime
) -> Sequence[Hole]:
    """Of every template, in every language, for every channel."""
    published = {text.key: text.source for text in await store.all_in_force(at=now)}

    def holes() -> Iterator[Hole]:
        for key in (TextKey(*each) for each in product(Template, Language, Channel)):
            source = published.get(key) or built_in(key)
            if source is None:
                yield Hole(key, f"no text; it is said in {fallback}")
                continue
            findings = check_source(source, key, limits=limits).findings
            if findings:
                yield Hole(key, f"it would not be taken today: {told(findings)}")

    return list(holes())
