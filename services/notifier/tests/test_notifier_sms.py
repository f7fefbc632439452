"""The SMS channel against a real Kannel, and without one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from notifier.channels.http_peer import make_client
from notifier.channels.ports import PermanentFailure, TransientFailure
from notifier.channels.sms.channel import SmsChannel, SmsGateway
from notifier.contacts.values import Channel, Contact, Language
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Notice, Template, Text
from prewatt_devstack.ports import HOST, free_ports

PHONE = "+8613800000021"


def notice(phone: str = PHONE) -> Notice:
    contact = Contact(uuid4(), Language.EN, None, phone, (Channel.SMS,))
    return make_notice(
        cause_id=uuid4(),
        template=Template.SUPPLY_ON,
        contact=contact,
        channel=Channel.SMS,
        facts=Facts(at=datetime.now(UTC), currency="CNY", balance_micro=0),
        settled_above_micro=None,
        position=0,
        now=datetime.now(UTC),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )


def text(short: str) -> Text:
    return Text(subject="", body="", short=short)


@pytest.fixture
async def client():
    async with make_client(timeout_s=3, connections_max=2) as client:
        yield client


def channel(client: httpx.AsyncClient, url: str, *, password: str) -> SmsChannel:
    gateway = SmsGateway(url=url, username="prewatt", password=password, sender="95598")
    return SmsChannel(gateway, client=client)


@pytest.mark.stack
async def test_texts_arrive_as_they_are_written(notifier_until, kannel, client):
    said = [
        "plain: ¥12.35 @ home & (100 %) + more",
        "户号1001余额¥12.35，请及时充值",
        "née Ωmega, café",
        "in two septets each: [5 €] {~^|\\}",
        "čeština is not in the GSM alphabet",
        "很长的短信" * 30,
    ]
    sms = channel(client, kannel.url, password=kannel.password)
    assert await sms.check() == "takes connections"
    for short in said:
        await sms.send(notice(), text(short))
    whole = "".join(said)
    await notifier_until(lambda: len("".join(kannel.received(PHONE))) >= len(whole), what="all")
    received = kannel.received(PHONE)
    assert received[:5] == said[:5]
    assert "".join(received[5:]) == said[5]


@pytest.mark.stack
async def test_refusals_of_us_pass_and_refusals_of_the_notice_do_not(kannel, client):
    with pytest.raises(TransientFailure, match="403"):
        await channel(client, kannel.url, password="wrong").send(notice(), text("hello"))
    sms = channel(client, kannel.url, password=kannel.password)
    with pytest.raises(PermanentFailure, match="400"):
        await sms.send(notice("+8613800000666"), text("hello"))


async def test_a_gateway_that_is_not_there_is_tried_again_and_no_secret_is_told(client):
    sms = channel(client, f"http://{HOST}:{free_ports(1)[0]}/cgi-bin/sendsms", password="s3cret")
    with pytest.raises(TransientFailure, match="ConnectError") as raised:
        await sms.send(notice(), text("hello"))
    assert "s3cret" not in str(raised.value)
    with pytest.raises(OSError, match=r"."):
        await sms.check()
