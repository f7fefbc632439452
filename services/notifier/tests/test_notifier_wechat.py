"""WeChat's template messages: what its codes mean, and its access token, over real HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError
from wechat_api import APP_ID, APP_SECRET, WechatApi, wechat_document

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.channels.wechat.channel import WechatChannel
from notifier.channels.wechat.rules import TokenWrong, accepted
from notifier.channels.wechat.token import AccessToken
from notifier.channels.wechat.values import WechatAccount
from notifier.contacts.values import Channel, Contact, Language, problems_of
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Template
from notifier.settings import NotifierSettings
from notifier.templates.jinja import JinjaRenderer

NOW = datetime.now(UTC)
READER = "oReader_0000000000000000000-"
CONTACT = Contact(uuid4(), Language.EN, None, None, (Channel.WECHAT,), None, READER)
NOTICE = make_notice(
    cause_id=uuid4(),
    template=Template.LOW_BALANCE,
    contact=CONTACT,
    channel=Channel.WECHAT,
    facts=Facts(at=NOW, currency="CNY", balance_micro=1_000_000, threshold_micro=2_000_000),
    settled_above_micro=None,
    position=0,
    now=NOW,
    expires_at=NOW + timedelta(days=1),
)
TEXT = JinjaRenderer(utility_name="Prewatt").render(NOTICE, account_number="1001").text


class Moment:
    """A clock that is put forward."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def api():
    peer = WechatApi()
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture
async def client():
    async with httpx.AsyncClient(timeout=5) as made:
        yield made


def channel(api, client, *, secret: str = APP_SECRET, clock=None) -> WechatChannel:
    account = WechatAccount.model_validate(wechat_document(api.url))
    token = AccessToken(
        app_id=APP_ID, secret=secret, endpoint=api.url, client=client, clock=clock or Moment()
    )
    return WechatChannel(account, token=token, client=client)


async def test_a_message_and_the_token_is_kept(api, client):
    wechat = channel(api, client)
    for _ in range(2):
        assert (await wechat.send(NOTICE, TEXT)).proof is None
    assert len(api.asked) == 1
    first, second = api.taken
    assert (
        first
        == second
        == {
            "touser": READER,
            "template_id": "en_low-balance",
            "url": "https://utility.example/account",
            "client_msg_id": NOTICE.id.hex,
            "data": {"number1": {"value": "1001"}, "amount2": {"value": "¥1.00"}},
        }
    )
    assert await wechat.check() == "takes connections"


async def test_a_token_is_asked_for_again_before_it_ends_and_where_it_is_not_taken(api, client):
    clock = Moment()
    wechat = channel(api, client, clock=clock)
    await wechat.send(NOTICE, TEXT)
    clock.at += timedelta(seconds=7200 - 299)
    await wechat.send(NOTICE, TEXT)
    assert [each["force_refresh"] for each in api.asked] == [False, False]
    # Somebody has asked for another one: ours ended.
    api.tokens.append("of somebody else")
    await wechat.send(NOTICE, TEXT)
    assert len(api.taken) == 3
    assert len(api.asked) == 3


async def test_a_wrong_secret_is_about_us(api, client):
    with pytest.raises(PeerDown, match="no access token: WeChat answers 40125") as raised:
        await channel(api, client, secret="a wrong secret").send(NOTICE, TEXT)
    assert "a wrong secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (40003, PermanentFailure),
        (43004, PermanentFailure),
        (43101, PermanentFailure),
        (45009, PeerDown),
        (48001, PeerDown),
        (-1, PeerDown),
        (40037, TransientFailure),
        (47003, TransientFailure),
        (99999, TransientFailure),
    ],
)
async def test_a_refusal(api, client, code, failure):
    api.answers[READER] = [code]
    with pytest.raises(failure, match=f"WeChat answers {code}") as raised:
        await channel(api, client).send(NOTICE, TEXT)
    assert type(raised.value) is failure


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, '{"errcode": 42001, "errmsg": "ended"}', TokenWrong),
        (200, "<html>", TransientFailure),
        (200, "{}", TransientFailure),
        (503, "busy", PeerDown),
    ],
)
def test_what_is_no_answer(status, body, failure):
    with pytest.raises(failure):
        accepted(status=status, body=body)


def test_every_notice_has_a_template():
    document = wechat_document("http://x")
    del document["templates"]["en"]["supply-off"]
    document["templates"]["en"]["topped-up"]["data"]["thing3"] = "{nothing}"
    with pytest.raises(ValidationError, match="en has no code for supply-off") as raised:
        WechatAccount.model_validate(document)
    assert "{nothing}" in str(raised.value)


def test_a_contact_needs_the_readers_id():
    contact = Contact(uuid4(), Language.EN, None, None, (Channel.WECHAT,))
    assert problems_of(contact) == ["the channel wechat needs the reader's wechat_openid"]
    assert problems_of(CONTACT) == []


def test_an_account_needs_its_secret():
    with pytest.raises(ValidationError, match="PREWATT_WECHAT_SECRET"):
        NotifierSettings(
            database_url="x", auth_public_key="x", wechat_account=wechat_document("http://x")
        )
