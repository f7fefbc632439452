"""What the notifier's API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from notifier.domain.contacts import Channel, Contact, Language, problems_of
from notifier.domain.notices import Status, Template

Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
    ),
]
"""ASCII, as every SMTP server takes it."""
Phone = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
"""E.164: plus, country code, number."""


def _split(value: object) -> object:
    return value.split(";") if isinstance(value, str) else value


class _Contact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Language
    email: Email | None = None
    phone: Phone | None = None


class ContactIn(_Contact):
    """``channels`` in order of preference; none at all: the customer wants no notices."""

    channels: Annotated[list[Channel], Field(max_length=3)]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        problems = problems_of(self.contact(UUID(int=0)))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def contact(self, account_id: UUID) -> Contact:
        """The contact of ``account_id``."""
        return Contact(account_id, self.language, self.email, self.phone, tuple(self.channels))


class ContactLine(ContactIn):
    """A line of a CSV file."""

    account_id: UUID
    channels: Annotated[list[Channel], Field(max_length=3), BeforeValidator(_split)] = []

    def contact(self, account_id: UUID | None = None) -> Contact:
        """The contact that the line describes."""
        return super().contact(account_id or self.account_id)


class ContactOut(BaseModel):
    """A contact."""

    account_id: UUID
    language: Language
    email: str | None
    phone: str | None
    channels: list[Channel]

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """``contact`` as the API shows it."""
        return cls(
            account_id=contact.account_id,
            language=contact.language,
            email=contact.email,
            phone=contact.phone,
            channels=list(contact.channels),
        )


class ImportAnswer(BaseModel):
    """How many contacts were added or replaced."""

    imported: int


class NoticeOut(BaseModel):
    """A notice and what became of it. ``cause_id``: the event that called for it."""

    id: UUID
    cause_id: UUID
    account_id: UUID
    template: Template
    language: Language
    channel: Channel
    recipient: str
    status: Status
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    created_at: datetime
    finished_at: datetime | None


class NoticePage(BaseModel):
    """Notices, newest first. ``next_cursor`` is none on the last page."""

    notices: list[NoticeOut]
    next_cursor: str | None

    @classmethod
    def of(cls, rows: list[dict[str, Any]], *, limit: int) -> Self:
        """The page of ``rows``, which are one more than ``limit`` where there are more."""
        shown = rows[:limit]
        return cls(
            notices=[NoticeOut(**row) for row in shown],
            next_cursor=str(shown[-1]["sequence"]) if len(rows) > limit else None,
        )
