"""From an event of the ledger to the customer and back to ``notice.events.v1``, on real parts."""

import json

import httpx
import pytest
from notifier_events import low, mail_contact, next_number, supply, topped_up

from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import (
    BalanceExhausted,
    SupplyState,
)
from prewatt_common.kafka.messages import Message

pytestmark = pytest.mark.stack

ACCEPTED = "prewatt.notice.accepted.v1"
DELIVERED = "prewatt.notice.delivered.v1"
FAILED = "prewatt.notice.failed.v1"
WITHDRAWN = "prewatt.notice.withdrawn.v1"
SEGMENTS = 'prewatt_notifier_segments_total{channel="sms"}'
COST = 'prewatt_notifier_cost_micro_total{channel="sms",currency="CNY"}'


async def test_an_event_that_comes_twice_makes_one_notice(notifier, smtp_peer):
    account_id = await notifier.account(**mail_contact("twice", language="zh-CN"))
    message = await notifier.publish(low(account_id))
    await notifier.producer.send([message, message])
    notices = await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    await notifier.producer.send([message])
    last = await notifier.publish(topped_up(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "accepted"), ("topped-up", "email", "accepted")
    )
    warning, receipt = smtp_peer.to("twice@home.example")
    assert "¥12.35" in warning["Subject"]
    number = f"1{account_id.int % 10**9:09d}"
    assert f"户号{number}" in warning.get_content()
    assert warning["Message-ID"] == f"<{notices[0]['id']}@utility.example>"
    assert "¥50.00" in receipt["Subject"]
    told = await notifier.told(account_id)
    assert [(e["type"], e["template"], e["channel"]) for e in told] == [
        (ACCEPTED, "low-balance", "email"),
        (ACCEPTED, "topped-up", "email"),
    ]
    assert told[0]["cause_id"] == _id_of(message)
    assert told[1]["cause_id"] == _id_of(last)


async def test_without_a_contact_the_log_gets_it(notifier):
    account_id = await notifier.account()
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "log", "delivered"))
    lines = [json.loads(line) for line in notifier.log.read_text().splitlines()]
    (line,) = [each for each in lines if each.get("account_id") == str(account_id) and
               each["logger"] == "notifier.channels.log.channel"]  # fmt: skip
    assert "余额¥12.35" in line["message"]
    accepted, delivered = await notifier.told(account_id)
    assert (accepted["type"], delivered["type"]) == (ACCEPTED, DELIVERED)
    # A substitute, and named as one.
    assert (delivered["channel"], delivered["proof"]) == ("log", "log")


async def test_a_mail_server_that_comes_back_gets_the_mail_once(notifier, smtp_peer):
    account_id = await notifier.account(**mail_contact("later"))
    smtp_peer.stop()
    try:
        await notifier.publish(low(account_id))

        async def was_tried() -> bool:
            notices = await notifier.notices(account_id)
            return bool(notices) and notices[0]["attempts"] >= 2

        await notifier.until(was_tried, what="a second attempt")
        (waiting,) = await notifier.notices(account_id)
        assert waiting["status"] in ("queued", "sending")
        assert "SMTPConnectError" in waiting["reason"]
    finally:
        smtp_peer.start()
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    assert len(smtp_peer.to("later@home.example")) == 1
    assert [e["type"] for e in await notifier.told(account_id)] == [ACCEPTED]


async def test_a_busy_mail_server_is_asked_again(notifier, smtp_peer):
    address = "busy@home.example"
    smtp_peer.answers[address] = "451 greylisted, come back later"
    account_id = await notifier.account(**mail_contact("busy"))
    await notifier.publish(low(account_id))

    async def was_refused() -> bool:
        notices = await notifier.notices(account_id)
        return bool(notices) and "451 greylisted" in (notices[0]["reason"] or "")

    await notifier.until(was_refused, what="a 451")
    del smtp_peer.answers[address]
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    assert len(smtp_peer.to(address)) == 1


async def test_a_refusal_for_good_is_told_with_its_reason(notifier, smtp_peer):
    smtp_peer.answers["nobody@home.example"] = "550 no such user here"
    account_id = await notifier.account(**mail_contact("nobody"))
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "email", "failed"))
    assert notice["attempts"] == 1
    (told,) = await notifier.told(account_id)
    assert told["type"] == FAILED
    assert told["notice_id"] == notice["id"]
    assert told["reason"] == "email: 550 no such user here"


async def test_where_mail_is_refused_the_next_channel_is_used(notifier, smtp_peer, kannel):
    smtp_peer.answers["gone@home.example"] = "550 mailbox closed"
    account_id = await notifier.account(
        **mail_contact("gone", phone="+8613800000001", channels=["email", "sms"])
    )
    await notifier.publish(low(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "failed"), ("low-balance", "sms", "delivered")
    )
    assert [(e["type"], e["channel"]) for e in await notifier.told(account_id)] == [
        (ACCEPTED, "sms"),
        (DELIVERED, "sms"),
    ]
    await notifier.until(lambda: len(kannel.received("+8613800000001")) == 1, what="the SMS")


@pytest.mark.parametrize(
    ("language", "phone", "says"),
    [("zh-CN", "+8613800000002", "余额¥12.35"), ("en", "+8613800000003", "has ¥12.35")],
)
async def test_an_sms_reaches_the_sms_centre_as_written(notifier, kannel, language, phone, says):
    account_id = await notifier.account(language=language, phone=phone, channels=["sms"])
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    await notifier.until(lambda: len(kannel.received(phone)) == 1, what="the SMS")
    (text,) = kannel.received(phone)
    assert says in text
    told = await notifier.told(account_id)
    assert [(e["type"], e.get("proof")) for e in told] == [
        (ACCEPTED, None),
        (DELIVERED, "receipt"),
    ]
    # What the gateway logs names our notice: a receiver can recognise a repeat.
    assert notice["id"] in (kannel.folder / "access.log").read_text("utf-8", "replace")


async def test_what_sms_cost_is_counted(notifier):
    before = await _values(notifier)
    account_id = await notifier.account(language="en", phone="+8613800000041", channels=["sms"])
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))

    async def counted() -> bool:
        after = await _values(notifier)
        return [after[each] - before.get(each, 0) for each in (SEGMENTS, COST)] == [1, 50_000]

    await notifier.until(counted, what="one segment and its price")
    (notice,) = await notifier.notices(account_id)
    assert notice["segments"] == 1


async def _values(notifier) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line[0] != "#")
    return {SEGMENTS: 0, COST: 0} | {name: float(value) for name, value in pairs}


async def test_a_number_that_the_gateway_denies_fails(notifier, kannel):
    account_id = await notifier.account(language="en", phone="+8613800000666", channels=["sms"])
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "failed"))
    (told,) = await notifier.told(account_id)
    assert told["reason"].startswith("sms: 400 ")


async def test_a_payment_before_the_sending_supersedes_the_reminder(notifier, smtp_peer):
    address = "paid@home.example"
    smtp_peer.answers[address] = "451 later"
    account_id = await notifier.account(**mail_contact("paid"))
    warned = low(account_id)
    exhausted = BalanceExhausted(
        account_id=account_id,
        balance_micro=0,
        balance_number=next_number(),
        currency="CNY",
        at=utc_now(),
    )
    for tried, event in enumerate((warned, exhausted), start=1):
        await notifier.publish(event)

        async def was_tried(tried=tried) -> bool:
            notices = await notifier.notices(account_id)
            return len(notices) == tried and bool(notices[-1]["attempts"])

        await notifier.until(was_tried, what="an attempt at each")
    await notifier.publish(topped_up(account_id))

    async def receipt_waits() -> bool:
        return len(await notifier.notices(account_id)) == 3

    await notifier.until(receipt_waits, what="the payment was taken")
    del smtp_peer.answers[address]
    await notifier.until_notices(
        account_id,
        ("low-balance", "email", "withdrawn"),
        ("balance-exhausted", "email", "withdrawn"),
        ("topped-up", "email", "accepted"),
    )
    (receipt,) = smtp_peer.to(address)
    assert "payment" in receipt["Subject"]
    told = {(e["type"], e["template"]) for e in await notifier.told(account_id)}
    assert told == {
        (WITHDRAWN, "low-balance"),
        (WITHDRAWN, "balance-exhausted"),
        (ACCEPTED, "topped-up"),
    }


async def test_supply_off_and_back(notifier, smtp_peer):
    account_id = await notifier.account(**mail_contact("dark"))
    state = SupplyState
    await notifier.publish(supply(account_id, state.DISCONNECTED, state.DISCONNECTING))
    await notifier.until_notices(account_id, ("supply-off", "email", "accepted"))
    await notifier.publish(supply(account_id, state.RECONNECTING, state.DISCONNECTED))
    await notifier.publish(supply(account_id, state.CONNECTED, state.RECONNECTING))
    await notifier.until_notices(
        account_id, ("supply-off", "email", "accepted"), ("supply-on", "email", "accepted")
    )
    off, on = smtp_peer.to("dark@home.example")
    assert "off" in off["Subject"]
    assert "back" in on["Subject"]


async def test_a_notifier_killed_after_the_acceptance_sends_the_same_mail_again(
    notifier, smtp_peer
):
    """At least once: the server has the mail and we died before we could write that down."""
    account_id = await notifier.account(**mail_contact("killed"))

    def kill() -> None:
        smtp_peer.on_accepted = None
        notifier.kill()

    smtp_peer.on_accepted = kill
    await notifier.publish(low(account_id))
    await notifier.ended()
    (accepted,) = smtp_peer.to("killed@home.example")
    connection = await notifier.connect()
    between = await connection.fetchval(
        "SELECT status FROM notice WHERE account_id = $1", account_id
    )
    await connection.close()
    assert between == "sending"
    await notifier.start()
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    first, second = smtp_peer.to("killed@home.example")
    assert first["Message-ID"] == second["Message-ID"] == accepted["Message-ID"]
    assert [e["type"] for e in await notifier.told(account_id)] == [ACCEPTED]


async def test_a_notifier_killed_after_the_acceptance_does_not_remind_who_has_paid(
    notifier, smtp_peer
):
    account_id = await notifier.account(**mail_contact("killedpaid"))

    def kill() -> None:
        smtp_peer.on_accepted = None
        notifier.kill()

    smtp_peer.on_accepted = kill
    await notifier.publish(low(account_id))
    await notifier.ended()
    await notifier.publish(topped_up(account_id))
    await notifier.start()
    await notifier.until_notices(
        account_id, ("low-balance", "email", "withdrawn"), ("topped-up", "email", "accepted")
    )
    assert len(smtp_peer.to("killedpaid@home.example")) == 2


async def test_what_cannot_be_read_stops_nothing(notifier):
    account_id = await notifier.account()
    message = await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "log", "delivered"))
    await notifier.producer.send([Message(message.topic, message.key, message.headers, b"\xff{")])
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, *[("low-balance", "log", "delivered")] * 2)


async def test_metrics_and_readiness(notifier):
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        metrics = (await client.get("/metrics")).text
        ready = await client.get("/readyz")
        consuming = await client.get("/readyz/consume")
    assert 'prewatt_notifier_notices_total{channel="log",outcome="delivered"}' in metrics
    assert "prewatt_notifier_delivery_seconds_bucket" in metrics
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"]) == {"postgres"}
    assert consuming.status_code == 200, consuming.text
    assert set(consuming.json()["checks"]) == {"notifier.ledger-events"}
    for dependency in ("kafka", "smtp", "sms"):
        assert f'prewatt_dependency_up{{dependency="{dependency}"}} 1.0' in metrics


def _id_of(message: Message) -> str:
    return next(value.decode() for name, value in message.headers if name == "ce_id")
