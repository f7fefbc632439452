"""What reports of mails say, and which notice they are of."""

import asyncio
import contextlib
from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st
from mail_reports import postfix
from pydantic import ValidationError
from test_notifier_email import NOTICE, TEXT

from notifier.channels.email.bounces import BounceAddress, UnreadableBounce, report_in
from notifier.channels.email.channel import EmailChannel, SmtpSecurity, SmtpServer
from notifier.channels.ports import Verdict
from notifier.contacts.values import Channel
from notifier.settings import NotifierSettings
from prewatt_devstack.ports import HOST, free_ports

OURS = BounceAddress(
    "bounces@utility.example", secret=b"what the mail server knows, of 32", key=b"k" * 32
)
ID = uuid4()
MESSAGE_ID = f"<{ID}@utility.example>"
TOKEN = OURS.token_of(ID)


def read(body: bytes):
    return report_in(body, OURS)


@pytest.mark.parametrize(
    ("report", "notice_id", "verdict"),
    [
        (postfix(envelope=TOKEN, action="FAILED", status="4.4.7"), ID, Verdict.BOUNCED),
        (postfix(to=OURS.of(ID)), ID, Verdict.BOUNCED),
        (postfix(envelope=TOKEN), ID, Verdict.BOUNCED),
        (postfix(envelope=TOKEN.upper()), ID, Verdict.BOUNCED),
        # Another mail's, brought back by whoever answers to ours.
        (postfix(to=OURS.of(ID), message_id=f"<{uuid4()}@utility.example>"), ID, Verdict.BOUNCED),
        (postfix(envelope=TOKEN, action="delivered", status="2.0.0"), ID, Verdict.DELIVERED),
        (postfix(to=OURS.of(ID), action="delivered"), ID, Verdict.DELIVERED),
        # Whoever knows the number alone cannot say that it arrived, or came back.
        (postfix(message_id=MESSAGE_ID), None, Verdict.BOUNCED),
        (postfix(message_id=MESSAGE_ID, kind="text/rfc822-headers"), None, Verdict.BOUNCED),
        (postfix(message_id=MESSAGE_ID, action="delivered"), None, Verdict.DELIVERED),
        (postfix(envelope=f"{ID.hex}-{'0' * 16}", action="delivered"), None, Verdict.DELIVERED),
        (postfix(envelope=TOKEN, action="delayed", status="4.4.1"), ID, None),
        (postfix(envelope=TOKEN, action="relayed"), ID, None),
        (postfix(envelope=TOKEN, action="expanded"), ID, None),
        (postfix(message_id=f"<{ID}@elsewhere.example>"), None, Verdict.BOUNCED),
        (postfix(message_id="<1@utility.example>"), None, Verdict.BOUNCED),
        (postfix(), None, Verdict.BOUNCED),
    ],
)
def test_a_report(report, notice_id, verdict):
    said = read(report)
    assert (said.notice_id, said.verdict) == (notice_id, verdict)


def test_it_says_why():
    assert read(postfix(envelope=TOKEN)).reason == (
        "mail failed 5.1.1 smtp; 5.1.1 <li@home.example>: says the server"
    )


def test_of_several_recipients_one_that_failed_is_enough():
    blocks = b"Action: delivered\n\nFinal-Recipient: rfc822; b@home.example\nAction: failed\n"
    report = postfix(envelope=TOKEN).replace(b"Action: failed\n", blocks)
    assert read(report).verdict is Verdict.BOUNCED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"From: li@home.example\nSubject: I am on holiday\n\nUntil Monday.\n",
        b"Content-Type: multipart/report; boundary=b\n\n--b\n\nno status\n--b--\n",
        b"Content-Type: multipart/report\n\nno boundary",
        b"\xff\x00" * 100,
        b"Content-Type: multipart/report; boundary*=idna''abc\n\n",
        b"Content-Type: multipart/report; boundary*=undefined''abc\n\n",
        b"Content-Type: multipart/report; boundary=b" + b"\n" * 40_000,
        # An answer to our address by a person or their machine.
        f"From: li@home.example\nTo: {OURS.of(ID)}\nSubject: holiday\n\nMonday.\n".encode(),
        # A mail server's, to an address that we have not signed.
        b"From: MAILER-DAEMON@home.example\nTo: bounces@utility.example\n\nno mailbox\n",
    ],
)
def test_any_other_mail_is_no_report(body):
    with pytest.raises(UnreadableBounce):
        read(body)


def test_what_a_mail_server_sends_back_without_a_report_has_come_back():
    body = f"From: <MAILER-DAEMON@home.example>\nTo: {OURS.of(ID)}\n\nHi. This is qmail.\n"
    said = read(body.encode())
    assert (said.notice_id, said.verdict) == (ID, Verdict.BOUNCED)


def test_parts_that_lie_deep_within_each_other_do_no_harm():
    nested = b"".join(
        b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    )
    with pytest.raises(UnreadableBounce):
        read(nested)


@given(st.lists(st.sampled_from(postfix(envelope=TOKEN, message_id=MESSAGE_ID).split(b"\n"))))
def test_no_mail_raises_anything_else(lines):
    with contextlib.suppress(UnreadableBounce):
        read(b"\n".join(lines))


@given(st.uuids(), st.uuids())
def test_an_address_is_of_one_notice(first, second):
    address = OURS.of(first)
    assert len(address.partition("@")[0]) <= 64
    assert OURS.noted(address) == first
    assert OURS.noted(address.replace(first.hex, second.hex)) == (
        first if first == second else None
    )
    # The mail server's own secret signs nothing.
    other = BounceAddress(OURS.address, secret=OURS.secret, key=OURS.secret)
    assert other.noted(address) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"smtp_bounces_to": "bounces@utility.example"}, "belong together"),
        ({"smtp_asks_delivered": True}, "need PREWATT_SMTP_BOUNCES_TO"),
        ({"email_undisputed_after_h": 24}, "need PREWATT_SMTP_BOUNCES_TO"),
        ({"smtp_bounces_to": "many-characters@utility.example"}, "pattern"),
        ({"smtp_bounces_to": "b@u.example", "smtp_bounce_secret": "s" * 32}, "belong together"),
        (
            {
                "smtp_bounces_to": "b@u.example",
                "smtp_bounce_secret": "s" * 32,
                "smtp_bounce_key": "s" * 32,
            },
            "is another than",
        ),
    ],
)
def test_settings_that_do_not_fit(given, says):
    with pytest.raises(ValidationError, match=says):
        NotifierSettings(database_url="x", auth_public_key="x", **given)


def test_silence_counts_where_what_comes_back_is_read():
    settings = NotifierSettings(
        database_url="x", auth_public_key="x", smtp_from="notices@utility.example",
        smtp_bounces_to="bounces@utility.example", smtp_bounce_secret="s" * 32,
        smtp_bounce_key="k" * 32, email_undisputed_after_h=24,
    )  # fmt: skip
    assert settings.undisputed_after == {Channel.EMAIL: timedelta(hours=24)}
    assert settings.bounce_address is not None


class DsnServer(SMTP):
    """Takes what RFC 3461 adds, which aiosmtpd does not know."""

    asked: ClassVar[list[str]] = []

    def _getparams(self, params):
        added = [p for p in params if p.split("=")[0] in ("ENVID", "RET", "NOTIFY")]
        self.asked.extend(added)
        return super()._getparams([p for p in params if p not in added])


class Inbox:
    """Keeps who sent what."""

    def __init__(self, *extensions: str) -> None:
        self.extensions = extensions
        self.senders: list[str] = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        return responses[:-1] + [f"250-{each}" for each in self.extensions] + responses[-1:]

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.senders.append(envelope.mail_from)
        return "250 kept"


class DsnController(Controller):
    def factory(self):
        return DsnServer(self.handler)


@pytest.mark.parametrize("offered", [True, False])
async def test_the_envelope_names_the_notice_and_success_is_asked_for_where_it_is_offered(offered):
    DsnServer.asked = []
    inbox = Inbox(*(["DSN"] if offered else []))
    controller = DsnController(inbox, hostname=HOST, port=free_ports(1)[0])
    controller.start()
    try:
        server = SmtpServer(
            host=HOST, port=controller.port, sender="Prewatt <notices@utility.example>",
            username=None, password=None, security=SmtpSecurity.NONE, ca_file=None, timeout_s=5,
            bounces=OURS, asks_delivered=True,
        )  # fmt: skip
        await EmailChannel(server).send(NOTICE, TEXT)
    finally:
        await asyncio.to_thread(controller.stop)
    assert inbox.senders == [OURS.of(NOTICE.id)]
    token = OURS.token_of(NOTICE.id).upper()
    asked = [f"ENVID={token}", "RET=HDRS", "NOTIFY=SUCCESS,FAILURE"]
    assert DsnServer.asked == (asked if offered else [])
    assert OURS.noted(inbox.senders[0]) == UUID(str(NOTICE.id))
