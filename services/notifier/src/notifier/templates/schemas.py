"""Texts over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from fastapi import Header
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Template
from notifier.templates.check_source import Checked, Sample
from notifier.templates.find_holes import Hole
from notifier.templates.language import SOURCE_CHARS_MAX
from notifier.templates.values import (
    BUILT_IN,
    Source,
    TemplateText,
    TextKey,
    TextState,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=100, pattern=PRINTABLE)
]
"""The caller's own name of what it asks for: under one key it is done once."""
_Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]
_Written = Annotated[str, Field(min_length=1, max_length=SOURCE_CHARS_MAX)]
_EXAMPLE: dict[str, Any] = {
    "template": "low-balance",
    "language": "en",
    "channel": "sms",
    "body": "{{ utility }}: account ...{{ tail }} has {{ balance }} left"
    "{% if days_left %}, about {{ days_left }} days{% endif %}. Top up at any shop.",
}


class SourceIn(Body):
    """A text. ``subject``: of mail, and of nothing else. ``campaign_id``: whose text it is, where
    its template is a campaign's, and else null."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    template: Template
    language: Language
    channel: Channel
    campaign_id: UUID | None = None
    subject: _Written | None = None
    body: _Written

    def key(self) -> TextKey:
        """What it is for."""
        return TextKey(self.template, self.language, self.channel, self.campaign_id)

    def source(self) -> Source:
        """Its words."""
        return Source(self.body, self.subject)


class TextIn(SourceIn, Reason):
    """A text to draft. ``effective_from`` null: it holds from the moment at which it is
    published."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE | {"reason": "shops take money now"}]},
    )

    effective_from: _Instant | None = None


class TestIn(Body):
    """``to``: an address of the text's channel, such as your own phone."""

    __test__ = False

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to": "+8613800000000"}]}
    )

    to: Annotated[str, Field(max_length=254)]


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class TextOut(BaseModel):
    """A text: a draft, or what became of it. ``number``: of the version that was published."""

    id: UUID
    state: TextState
    template: Template
    language: Language
    channel: Channel
    campaign_id: UUID | None
    number: int | None
    effective_from: datetime | None
    subject: str | None
    body: str
    drafted: DecidedOut
    published: DecidedOut | None
    withdrawn: DecidedOut | None

    @classmethod
    def of(cls, text: TemplateText) -> Self:
        """As it is shown."""
        return cls(
            id=text.id,
            state=text.state,
            template=text.key.template,
            language=text.key.language,
            channel=text.key.channel,
            campaign_id=text.key.campaign_id,
            number=text.number,
            effective_from=text.effective_from,
            subject=text.source.subject,
            body=text.source.body,
            drafted=DecidedOut.model_validate(text.drafted),
            published=text.published and DecidedOut.model_validate(text.published),
            withdrawn=text.withdrawn and DecidedOut.model_validate(text.withdrawn),
        )


class InForceOut(BaseModel):
    """What notices are said with at an instant. ``number`` 0: it is shipped, and has no ``id``."""

    number: int
    id: UUID | None
    template: Template
    language: Language
    channel: Channel
    subject: str | None
    body: str

    @classmethod
    def of(cls, key: TextKey, text: TemplateText | None, shipped: Source | None) -> Self | None:
        """None where nothing is published, and nothing shipped."""
        source = shipped if text is None else text.source
        if source is None:
            return None
        return cls(
            number=BUILT_IN if text is None or text.number is None else text.number,
            id=text and text.id,
            template=key.template,
            language=key.language,
            channel=key.channel,
            subject=source.subject,
            body=source.body,
        )


class FindingOut(BaseModel, from_attributes=True):
    """What is wrong, and where."""

    part: str
    line: int | None
    says: str


class SampleOut(BaseModel):
    """A text as one notice says it. ``facts``: what the notice has. ``segments``: so many SMS."""

    facts: dict[str, Any]
    subject: str | None
    body: str
    characters: int
    segments: int | None

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """As it is shown."""
        facts = msgspec.to_builtins(sample.facts)
        return cls(
            facts={name: value for name, value in facts.items() if value is not None},
            subject=sample.subject,
            body=sample.body,
            characters=len(sample.body),
            segments=sample.segments,
        )


class CheckedOut(BaseModel):
    """No findings: it may be published. Samples are there once it can be read at all: notices with
    all their facts first, then those that lack some."""

    findings: list[FindingOut]
    samples: list[SampleOut]

    @classmethod
    def of(cls, checked: Checked) -> Self:
        """As it is shown."""
        return cls(
            findings=[FindingOut.model_validate(each) for each in checked.findings],
            samples=[SampleOut.of(each) for each in checked.samples],
        )


class TestOut(BaseModel, from_attributes=True):
    """A test that the channel's peer has taken. ``to``: hardly any of the address."""

    __test__ = False

    id: UUID
    text_id: UUID
    to: str
    by: str
    at: datetime
    outcome: str


class HoleOut(BaseModel):
    """A text that is not there, or would not be taken today."""

    template: Template
    language: Language
    channel: Channel
    says: str

    @classmethod
    def of(cls, hole: Hole) -> Self:
        """As it is shown."""
        key = hole.key
        return cls(
            template=key.template, language=key.language, channel=key.channel, says=hole.says
        )


class HolesOut(BaseModel):
    """All of them."""

    holes: list[HoleOut]


class PlaceOut(BaseModel, from_attributes=True):
    """Where a text changes: as the provider writes it, its name in the account's document (empty
    where those are in order), and what the document gives it."""

    written: str
    key: str
    gives: str


class RegisteredTextOut(BaseModel, from_attributes=True):
    """A text to register. The provider's signature stands before it and is no part of it."""

    template: Template
    language: Language
    text: str
    places: list[PlaceOut]


class ToRegisterOut(BaseModel):
    """One text for each template but for campaigns, whose words are their own."""

    texts: list[RegisteredTextOut]
