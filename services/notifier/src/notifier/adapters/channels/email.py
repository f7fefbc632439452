"""E-mail by SMTP. The message's id is the notice's, at every attempt."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib

from notifier.application.ports import PermanentFailure, TransientFailure
from notifier.notices.values import Notice, Text

_PERMANENT_FROM = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    sender: str
    username: str | None
    password: str | None
    starttls: bool
    ca_file: Path | None
    timeout_s: float


class EmailChannel:
    """Hands mail to one SMTP server, one connection a message."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def send(self, notice: Notice, text: Text) -> None:
        """The server took the mail on itself. Its 5xx is permanent, but for a login that it
        refuses: that is about us, and is tried again until somebody has put it right."""
        message = message_of(notice, text, sender=self._server.sender)
        try:
            async with self._client() as client:
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusal = error.recipients[0]
            raise _failure(refusal.code, refusal.message) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            detail = f"the server refused our login: {error.code} {error.message}"
            raise TransientFailure(detail) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TransientFailure(f"{type(error).__name__}: {error}") from error

    async def check(self) -> str:
        """A readiness check: the server answers and lets us in."""
        async with self._client() as client:
            await client.noop()
        return "answers"

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            start_tls=server.starttls,
            cert_bundle=str(server.ca_file) if server.ca_file else None,
            timeout=server.timeout_s,
        )


def message_of(notice: Notice, text: Text, *, sender: str) -> EmailMessage:
    """The mail. Two attempts at one notice make the same mail, byte for byte."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = notice.recipient
    message["Subject"] = text.subject
    message["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2].strip('<> ')}>"
    message["Date"] = format_datetime(notice.facts.at)
    message["Content-Language"] = notice.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


def _failure(code: int, answer: str) -> PermanentFailure | TransientFailure:
    detail = f"{code} {answer}"
    return PermanentFailure(detail) if code >= _PERMANENT_FROM else TransientFailure(detail)
