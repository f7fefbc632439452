"""Texts that notices are said with: built in, and as people have published them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Template, Text

BUILT_IN = 0
"""The version that is shipped: what holds where nobody has published any."""


@dataclass(frozen=True, slots=True)
class TextKey:
    """What a text is for."""

    template: Template
    language: Language
    channel: Channel
    campaign_id: UUID | None = None
    """Whose text it is, of a campaign's template; none: every such notice's."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text as somebody wrote it. A mail has a subject, nothing else has."""

    body: str
    subject: str | None = None

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Each with its name."""
        body = ("body", self.body)
        return (body,) if self.subject is None else (("subject", self.subject), body)


class TextState(StrEnum):
    """How far a version is."""

    DRAFTED = "drafted"
    """It waits for another person, who publishes or withdraws it."""
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    """The one before holds again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """By whom and why; ``at``: when."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """A text that a person drafted, and what became of it.

    ``effective_from`` none: it holds from the moment at which it is published. ``number``: 1, 2,
    ... of its key, given as it is published.
    """

    id: UUID
    key: TextKey
    source: Source
    effective_from: datetime | None
    drafted: Decided
    number: int | None = None
    published: Decided | None = None
    withdrawn: Decided | None = None

    @property
    def state(self) -> TextState:
        """What it was published or withdrawn as."""
        if self.withdrawn is not None:
            return TextState.WITHDRAWN
        return TextState.DRAFTED if self.published is None else TextState.PUBLISHED


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A version that was published, as a notice is said with it."""

    number: int
    source: Source


@dataclass(frozen=True, slots=True)
class Worded:
    """A notice in words, and the version of the text that it was said with."""

    text: Text
    version: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a text, and where: the part, and its line where one is to blame."""

    part: str
    line: int | None
    says: str

    def __str__(self) -> str:
        where = self.part if self.line is None else f"{self.part}, line {self.line}"
        return f"{where}: {self.says}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSend:
    """A text that a person had sent to themselves. ``to``: hardly any of the address.

    ``outcome``: empty while nobody knows; what the channel said where it did not take it.
    """

    __test__ = False

    id: UUID
    text_id: UUID
    key: str
    to: str
    by: str
    at: datetime
    outcome: str = ""


SENT = "sent"
