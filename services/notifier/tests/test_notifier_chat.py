"""Messages to chats and apps: whom they go to, and what a refusal means; by a real HTTP server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.chat.channel import ChatChannel
from notifier.channels.chat.values import ChatServices, UnknownChat
from notifier.channels.ports import Acceptance, PermanentFailure, TransientFailure
from notifier.contacts.values import Channel, Contact, Language, problems_of
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Notice, Template, Text
from notifier.settings import NotifierSettings

TEXT = Text(subject="余额不足", body="a letter", short="户号9876余额不足 <5 元> & more")
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Heard(list):
    """What the chat's server was told: path and JSON; it answers ``status``."""

    status = 200


@pytest.fixture
def server() -> Iterator[tuple[Heard, str]]:
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, json.loads(body)))
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    peer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=peer.serve_forever)
    thread.start()
    yield heard, f"json://secret:word@127.0.0.1:{peer.server_port}/chats/{{to}}"
    peer.shutdown()
    thread.join()
    peer.server_close()


def channel(address: str) -> ChatChannel:
    return ChatChannel(ChatServices({"app": SecretStr(address)}))


def notice(chat: str) -> Notice:
    contact = Contact(uuid4(), Language.ZH_CN, None, None, (Channel.CHAT,), chat=chat)
    return make_notice(
        cause_id=uuid4(),
        template=Template.LOW_BALANCE,
        contact=contact,
        channel=Channel.CHAT,
        facts=Facts(at=AT, currency="CNY", balance_micro=0, threshold_micro=5),
        settled_above_micro=None,
        position=0,
        now=AT,
        expires_at=AT + timedelta(hours=1),
    )


async def test_a_message_goes_to_whom_the_contact_names_in_plain_text(server):
    heard, address = server
    assert await channel(address).send(notice("app:li+7@x"), TEXT) == Acceptance()
    ((path, said),) = heard
    assert path == "/chats/li+7@x"
    assert (said["title"], said["message"]) == (TEXT.subject, TEXT.short)


@pytest.mark.parametrize("status", [400, 403, 429, 500])
async def test_what_is_refused_is_tried_again_and_the_reason_has_no_secret(server, status):
    heard, address = server
    heard.status = status
    with pytest.raises(TransientFailure, match=str(status)) as raised:
        await channel(address).send(notice("app:li"), TEXT)
    assert "word" not in str(raised.value)
    assert len(heard) == 1


async def test_a_service_that_is_away_is_tried_again():
    with pytest.raises(TransientFailure):
        await channel("json://127.0.0.1:1/{to}").send(notice("app:li"), TEXT)


@pytest.mark.parametrize("chat", ["other:li", "li", "app:", "app:li/../x", "app:li?x=1", ""])
async def test_whom_no_service_knows_is_never_told(server, chat):
    heard, address = server
    with pytest.raises(PermanentFailure, match="no chat service"):
        await channel(address).send(notice(chat), TEXT)
    assert heard == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tgram://123456789:abcdefg_hijklmnop/", "have {to} once"),
        ("json://{to}/{to}", "have {to} once"),
        ("nonsense://secret/{to}", "no service that Apprise knows"),
        ("https:// secret {to}", "no service that Apprise knows"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_at_start_without_its_secrets(address, why):
    with pytest.raises(ValidationError, match=why) as raised:
        NotifierSettings(chat_services={"app": address})  # pyright: ignore[reportCallIssue]
    assert "secret" not in str(raised.value)
    assert "abcdefg" not in str(raised.value)


def test_services_are_known_by_their_addresses():
    known = {
        "telegram": "tgram://123456789:abcdefg_hijklmnop/{to}",
        "push": "ntfys://ntfy.utility.example/{to}",
        "ding": "dingtalk://abcdefghijklmnop/{to}",
    }
    services = ChatServices({name: SecretStr(each) for name, each in known.items()})
    assert services.address_of("telegram:42") == "tgram://123456789:abcdefg_hijklmnop/42"
    assert services.address_of("push:a:b") == "ntfys://ntfy.utility.example/a%3Ab"
    with pytest.raises(UnknownChat):
        services.address_of("sms:42")


def test_a_contact_that_names_the_channel_has_a_chat():
    contact = Contact(uuid4(), Language.EN, None, None, (Channel.CHAT,))
    assert problems_of(contact) == ["the channel chat needs the contact's chat"]
