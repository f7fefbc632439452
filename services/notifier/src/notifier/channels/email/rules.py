"""What a mail is made of, and which answers of a server are final."""

from email.message import EmailMessage
from email.utils import format_datetime

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.notices.values import Notice, Text

_PERMANENT_FROM = 500
_NOT_AVAILABLE = 421
"""The server closes the connection: it says nothing of the mail."""


def message_of(notice: Notice, text: Text, *, sender: str) -> EmailMessage:
    """The mail. Two attempts at one notice make the same mail, byte for byte."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = notice.recipient
    message["Subject"] = text.subject
    message["Message-ID"] = f"<{notice.id}@{domain_of(sender)}>"
    message["Date"] = format_datetime(notice.facts.at)
    message["Content-Language"] = notice.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


def domain_of(sender: str) -> str:
    """Of an address, with or without a name before it.

    >>> domain_of("Prewatt <notices@utility.example>")
    'utility.example'
    """
    return sender.rpartition("@")[2].strip("<> ")


def failure_of(code: int, answer: str) -> PermanentFailure | TransientFailure:
    """SMTP's 5xx says that the same mail will never be taken, 4xx that it may be later."""
    detail = f"{code} {answer}"
    if code == _NOT_AVAILABLE:
        return PeerDown(detail)
    return PermanentFailure(detail) if code >= _PERMANENT_FROM else TransientFailure(detail)
