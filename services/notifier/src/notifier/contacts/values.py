"""How a customer can be reached."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.zone_names import wrong_zone


class Language(StrEnum):
    """A language that there are templates in."""

    ZH_CN = "zh-CN"
    EN = "en"


class Channel(StrEnum):
    """A way to reach somebody."""

    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"
    """A call that speaks."""
    WECHAT = "wechat"
    CHAT = "chat"
    """A chat or an app, of a service that the utility has."""
    LOG = "log"


def masked(address: str) -> str:
    """Enough to see whether it was the same, and too little to reach anybody.

    >>> masked("+8613800138000")
    '+86...00'
    """
    return f"{address[:3]}...{address[-2:]}"


@dataclass(frozen=True, slots=True)
class Contact:
    """``channels`` in order of preference: the next is used where the one before refuses. None at
    all means that the customer wants no notices."""

    account_id: UUID
    language: Language
    email: str | None
    phone: str | None
    channels: tuple[Channel, ...]
    timezone: str | None = None
    """Whose night is not disturbed; none: the utility's."""
    wechat_openid: str | None = None
    """Whom the utility's official account knows the reader as."""
    chat: str | None = None
    """``service:somebody``, as the service knows the reader."""
    role: Role = Role.CUSTOMER
    reads: bool = True
    """Whether what is written reaches them; who does not read is called first."""

    @property
    def ways(self) -> tuple[Channel, ...]:
        """The channels as they are tried: `channels`, but a call goes first to who does not read
        and has a phone, whether or not it is among them. Who wants no notices is not called."""
        if self.reads or not self.channels or not self.phone:
            return self.channels
        return (Channel.VOICE, *(each for each in self.channels if each is not Channel.VOICE))

    def address_of(self, channel: Channel) -> str:
        """Where ``channel`` sends to; empty where it needs no address."""
        match channel:
            case Channel.EMAIL:
                return self.email or ""
            case Channel.SMS | Channel.VOICE:
                return self.phone or ""
            case Channel.WECHAT:
                return self.wechat_openid or ""
            case Channel.CHAT:
                return self.chat or ""
            case Channel.LOG:
                return ""

    def over(self, channels: Iterable[Channel]) -> "Contact":
        """The same, to be reached over some channels alone, in their order; by a call first, where
        that is one of them and they do not read, and never by one where it is none of them."""
        found = tuple(each for each in channels if each in self.ways)
        return replace(self, channels=found, reads=self.reads or Channel.VOICE not in found)

    def next_channel(self, tried: Collection[Channel]) -> Channel | None:
        """The most preferred channel that was not tried."""
        return next((channel for channel in self.ways if channel not in tried), None)


def default_contact(account_id: UUID, language: Language) -> Contact:
    """For an account that nobody gave a contact for."""
    return Contact(account_id, language, None, None, (Channel.LOG,))


def problems_of(contact: Contact) -> list[str]:
    """What keeps ``contact`` from being usable."""
    problems: list[str] = []
    if len(set(contact.channels)) < len(contact.channels):
        problems.append("a channel is named twice")
    if Channel.EMAIL in contact.channels and not contact.email:
        problems.append("the channel email needs an email address")
    problems += [
        f"the channel {channel} needs a phone number"
        for channel in (Channel.SMS, Channel.VOICE)
        if channel in contact.channels and not contact.phone
    ]
    if Channel.WECHAT in contact.channels and not contact.wechat_openid:
        problems.append("the channel wechat needs the reader's wechat_openid")
    if Channel.CHAT in contact.channels and not contact.chat:
        problems.append("the channel chat needs the contact's chat")
    if not contact.reads and contact.channels and not contact.phone:
        problems.append("who does not read is called: a phone number is needed")
    if contact.timezone is not None and (wrong := wrong_zone(contact.timezone)):
        problems.append(wrong)
    return problems
