"""E-mail by SMTP. The message's id is the notice's, at every attempt."""

from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

import aiosmtplib

from notifier.channels.email.bounces import BounceAddress
from notifier.channels.email.rules import failure_of, message_of
from notifier.channels.ports import Acceptance, PeerDown
from notifier.notices.values import Notice, Text


class SmtpSecurity(StrEnum):
    """How the way to the server is kept private."""

    STARTTLS = "starttls"
    """Asked for before the login, and required: port 587."""
    TLS = "tls"
    """From the first byte on: port 465."""
    NONE = "none"
    """For a server on the same machine."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    sender: str
    username: str | None
    password: str | None
    security: SmtpSecurity
    ca_file: Path | None
    timeout_s: float
    bounces: BounceAddress | None = None
    """Where reports come to; none: to the sender, whom nobody reads."""
    asks_delivered: bool = False


_ABOUT_US = (
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPSenderRefused,
)
"""Our address, our name or our sender: no mail is wrong, and all wait."""


class EmailChannel:
    """Hands mail to one SMTP server, one connection a message."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """The server took the mail on itself. Its 5xx is permanent, but for a login that it
        refuses: that is about us, and is tried again until somebody has put it right."""
        message = message_of(notice, text, sender=self._server.sender)
        try:
            async with self._client() as client:
                await self._hand_over(client, message, notice)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusal = error.recipients[0]
            raise failure_of(refusal.code, refusal.message) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            detail = f"the server refused our login: {error.code} {error.message}"
            raise PeerDown(detail) from error
        except _ABOUT_US as error:
            raise PeerDown(f"the server refuses us: {error.code} {error.message}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise failure_of(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise PeerDown(f"{type(error).__name__}: {error}") from error
        return Acceptance()

    async def _hand_over(
        self, client: aiosmtplib.SMTP, message: EmailMessage, notice: Notice
    ) -> None:
        bounces = self._server.bounces
        if bounces is None:
            await client.send_message(message)
            return
        mail_options, rcpt_options = [], []
        if self._server.asks_delivered:
            await client.ehlo()
            if client.supports_extension("dsn"):
                mail_options = [f"ENVID={bounces.token_of(notice.id)}", "RET=HDRS"]
                rcpt_options = ["NOTIFY=SUCCESS,FAILURE"]
        await client.send_message(
            message,
            sender=bounces.of(notice.id),
            mail_options=mail_options,
            rcpt_options=rcpt_options,
        )

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
            use_tls=server.security is SmtpSecurity.TLS,
            start_tls=server.security is SmtpSecurity.STARTTLS,
            cert_bundle=str(server.ca_file) if server.ca_file else None,
            timeout=server.timeout_s,
        )
