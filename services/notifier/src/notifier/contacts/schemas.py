"""How somebody is reached, as the API takes it and shows it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from notifier.contacts.values import Channel, Contact, Language, problems_of
from prewatt_common.contracts.notice_events_v1 import Role

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

Zone = Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")]
"""A name of the IANA database."""

OpenId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""As WeChat tells an official account who follows it."""


Chat = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}:[A-Za-z0-9_@.+:-]{1,400}$")]
"""``service:somebody``: a service of the utility's, and whom that knows the reader as."""


class _Contact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Language
    email: Email | None = None
    phone: Phone | None = None
    timezone: Zone | None = None
    """Whose night is not disturbed, ``Asia/Urumqi``; none: the utility's."""
    wechat_openid: OpenId | None = None
    chat: Chat | None = None
    reads: StrictBool | None = None
    """False: what is written does not reach them, so that they are called first. Not given: as it
    was, and true of somebody new."""


class ContactIn(_Contact):
    """``channels`` in order of preference; none at all: the customer wants no notices."""

    channels: Annotated[list[Channel], Field(max_length=len(Channel))]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        problems = problems_of(self.contact(UUID(int=0)))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def contact(
        self, account_id: UUID, role: Role = Role.CUSTOMER, *, read_before: bool = True
    ) -> Contact:
        """The contact of ``account_id``, who ``read_before``, or not."""
        return Contact(
            account_id,
            self.language,
            self.email,
            self.phone,
            tuple(self.channels),
            self.timezone,
            self.wechat_openid,
            self.chat,
            role,
            read_before if self.reads is None else self.reads,
        )


class ContactOut(BaseModel, from_attributes=True):
    """A contact."""

    account_id: UUID
    language: Language
    email: str | None
    phone: str | None
    channels: list[Channel]
    timezone: str | None
    wechat_openid: str | None
    chat: str | None
    reads: bool
