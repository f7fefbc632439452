"""The e-mail channel against a real SMTP server that wants TLS and a login."""

import ssl
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from notifier_certificates import certificate_for

from notifier.channels.email.channel import EmailChannel, SmtpSecurity, SmtpServer
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.contacts.values import Channel, Contact, Language
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Template
from notifier.templates.jinja import JinjaRenderer
from prewatt_devstack.ports import HOST, free_ports

NOW = datetime.now(UTC)
CONTACT = Contact(uuid4(), Language.ZH_CN, "li@home.example", None, (Channel.EMAIL,))
NOTICE = make_notice(
    cause_id=uuid4(),
    template=Template.SUPPLY_ON,
    contact=CONTACT,
    channel=Channel.EMAIL,
    facts=Facts(at=NOW, currency="CNY", balance_micro=1_000_000),
    settled_above_micro=None,
    position=0,
    now=NOW,
    expires_at=NOW + timedelta(days=1),
)
TEXT = JinjaRenderer(utility_name="Prewatt").render(NOTICE, account_number="1001").text


class Inbox:
    """Keeps what it accepts."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.over_tls: list[bool] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        self.over_tls.append(session.ssl is not None)
        return "250 kept"


@pytest.fixture
def server(tmp_path):
    certificate, key = certificate_for(HOST, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
        right = (data.login, data.password) == (b"prewatt", b"right")
        return AuthResult(success=right, handled=False)

    inbox = Inbox()
    controller = Controller(
        inbox,
        hostname=HOST,
        port=free_ports(1)[0],
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    controller.start()
    yield inbox, controller.port, certificate
    controller.stop()


def channel(port: int, **changes) -> EmailChannel:
    settings = {
        "host": HOST,
        "port": port,
        "sender": "Prewatt <notices@utility.example>",
        "username": "prewatt",
        "password": "right",
        "security": SmtpSecurity.STARTTLS,
        "ca_file": None,
        "timeout_s": 5,
    }
    return EmailChannel(SmtpServer(**(settings | changes)))


async def test_mail_goes_over_tls_with_a_login(server):
    inbox, port, certificate = server
    email = channel(port, ca_file=certificate)
    await email.send(NOTICE, TEXT)
    await email.send(NOTICE, TEXT)
    assert inbox.over_tls == [True, True]
    first, second = inbox.mails
    assert first == second
    assert f"Message-ID: <{NOTICE.id}@utility.example>".encode() in first
    assert await email.check() == "answers"


async def test_a_server_that_cannot_be_trusted_or_does_not_trust_us_is_tried_again(server):
    inbox, port, certificate = server
    with pytest.raises(TransientFailure, match="certificate"):
        await channel(port).send(NOTICE, TEXT)
    with pytest.raises(TransientFailure, match="refused our login: 535"):
        await channel(port, ca_file=certificate, password="wrong").send(NOTICE, TEXT)
    assert inbox.mails == []


async def test_mail_goes_over_tls_from_the_first_byte(tmp_path):
    certificate, key = certificate_for(HOST, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    inbox = Inbox()
    controller = Controller(
        inbox, hostname=HOST, port=free_ports(1)[0], ssl_context=context, server_hostname=HOST
    )
    controller.start()
    try:
        email = channel(
            controller.port,
            ca_file=certificate,
            security=SmtpSecurity.TLS,
            username=None,
            password=None,
        )
        await email.send(NOTICE, TEXT)
        assert len(inbox.mails) == 1
        with pytest.raises(PeerDown):
            await channel(controller.port, ca_file=certificate, timeout_s=2).send(NOTICE, TEXT)
    finally:
        controller.stop()


class NotOfUs(Inbox):
    """Refuses whatever we send as."""

    async def handle_MAIL(self, *_) -> str:  # noqa: N802
        return "550 5.7.1 not from you"


class NotToThem(Inbox):
    """Knows nobody."""

    async def handle_RCPT(self, *_) -> str:  # noqa: N802
        return "550 5.1.1 no such user"


@pytest.mark.parametrize(("inbox", "failure"), [(NotOfUs, PeerDown), (NotToThem, PermanentFailure)])
async def test_a_server_that_refuses_us_refuses_no_mail(inbox, failure):
    """All wait until somebody has put it right; a recipient is the mail's own."""
    controller = Controller(inbox(), hostname=HOST, port=free_ports(1)[0])
    controller.start()
    try:
        plain = channel(controller.port, username=None, password=None, security=SmtpSecurity.NONE)
        with pytest.raises(failure) as raised:
            await plain.send(NOTICE, TEXT)
        assert type(raised.value) is failure
    finally:
        controller.stop()
