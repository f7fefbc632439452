"""What comes back of mails takes evidence back, and hands a notice on, on real parts."""

import asyncio

import httpx
import pytest
from mail_reports import postfix
from notifier_events import low, mail_contact, topped_up

pytestmark = pytest.mark.stack

ACCEPTED = "prewatt.notice.accepted.v1"
DELIVERED = "prewatt.notice.delivered.v1"
BOUNCED = "prewatt.notice.bounced.v1"
FAILED = "prewatt.notice.failed.v1"


async def hand_over(notifier, body: bytes, *, secret: str | None = None) -> httpx.Response:
    """As a mail server's pipe does."""
    secret = secret or notifier.environment["PREWATT_SMTP_BOUNCE_SECRET"]
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        return await client.post(
            f"/v1/receipts/email/{secret}",
            content=body,
            headers={"content-type": "message/rfc822"},
        )


async def types(notifier, account_id) -> list[str]:
    return [each["type"] for each in await notifier.told(account_id)]


async def warned(notifier, smtp_peer, name: str, **more):
    """An account, its notice, and the address that reports of its mail come to."""
    account_id = await notifier.account(**mail_contact(name, **more))
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    (sender,) = [
        sender
        for mail, sender in zip(smtp_peer.mails, smtp_peer.senders, strict=True)
        if mail["To"] == f"{name}@home.example"
    ]
    return account_id, notice, sender


async def test_a_mail_that_came_back_is_handed_on_and_once(notifier, smtp_peer, kannel):
    phone = "+8613800000031"
    account_id, _, sender = await warned(
        notifier, smtp_peer, "back-1", phone=phone, channels=["email", "sms"]
    )
    report = postfix(to=sender)
    for _ in range(2):
        assert (await hand_over(notifier, report)).status_code == 204
    first, _ = await notifier.until_notices(
        account_id, ("low-balance", "email", "bounced"), ("low-balance", "sms", "delivered")
    )
    assert first["reason"].startswith("mail failed 5.1.1")
    assert (await types(notifier, account_id)).count(BOUNCED) == 1


async def test_success_is_evidence_and_a_later_bounce_takes_it_back(notifier, smtp_peer):
    account_id, _, sender = await warned(notifier, smtp_peer, "back-2")
    for action in ("delayed", "delivered", "delivered"):
        assert (await hand_over(notifier, postfix(to=sender, action=action))).status_code == 204
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "email", "delivered"))
    assert notice["proof"] == "receipt"
    assert (await hand_over(notifier, postfix(to=sender))).status_code == 204
    await hand_over(notifier, postfix(to=sender, action="delivered"))
    await notifier.until_notices(account_id, ("low-balance", "email", "bounced"))

    async def all_told() -> bool:
        return await types(notifier, account_id) == [ACCEPTED, DELIVERED, BOUNCED, FAILED]

    await notifier.until(all_told, what="each once")


async def test_who_has_paid_is_not_told_another_way(notifier, smtp_peer, kannel):
    phone = "+8613800000032"
    account_id, _, sender = await warned(
        notifier, smtp_peer, "back-3", phone=phone, channels=["email", "sms"]
    )
    await notifier.publish(topped_up(account_id))
    expected = (("low-balance", "email", "accepted"), ("topped-up", "email", "accepted"))
    await notifier.until_notices(account_id, *expected)
    assert (await hand_over(notifier, postfix(to=sender))).status_code == 204
    await notifier.until_notices(
        account_id, ("low-balance", "email", "bounced"), ("topped-up", "email", "accepted")
    )
    assert not kannel.received(phone)


async def test_a_report_of_a_notice_that_cannot_be_read_is_answered_and_counts_later(
    notifier, smtp_peer
):
    account_id, notice, sender = await warned(notifier, smtp_peer, "back-5")
    connection = await notifier.connect()
    try:
        facts = await connection.fetchval("SELECT facts FROM notice WHERE id = $1", notice["id"])
        change = "UPDATE notice SET facts = $2::jsonb WHERE id = $1"
        await connection.execute(change, notice["id"], '{"at": 5}')
        assert (await hand_over(notifier, postfix(to=sender))).status_code == 204
        await connection.execute(change, notice["id"], facts)
    finally:
        await connection.close()
    async with notifier.http("notifier:write") as client:
        released = await client.post(
            f"/v1/parked-notices/{notice['id']}/release",
            json={"reason": "mended"},
            headers={"idempotency-key": "back-5"},
        )
        assert released.status_code == 200, released.text
    await notifier.until_notices(account_id, ("low-balance", "email", "bounced"))


async def test_nothing_of_another_channel_or_without_the_secret(notifier, smtp_peer, kannel):
    account_id = await notifier.account(language="en", phone="+8613800000033", channels=["sms"])
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    report = postfix(message_id=f"<{notice['id']}@utility.example>")
    assert (await hand_over(notifier, report)).status_code == 204
    refused = await hand_over(notifier, report, secret="x" * 32)
    assert (refused.status_code, refused.json()["type"]) == (
        404, "urn:prewatt:problem:unknown-receipt",
    )  # fmt: skip
    answer = await hand_over(notifier, b"Subject: I am on holiday\n\nUntil Monday.")
    assert (answer.status_code, "no report of a delivery" in answer.text) == (422, True)
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        metrics = (await client.get("/metrics")).text
    assert 'prewatt_notifier_mail_reports_total{outcome="unknown"}' in metrics


async def test_killed_before_its_commit_the_report_comes_again(notifier, smtp_peer):
    account_id, notice, sender = await warned(notifier, smtp_peer, "back-4")
    connection = await notifier.connect()
    holding = connection.transaction()
    await holding.start()
    await connection.execute("SELECT FROM notice WHERE id = $1 FOR UPDATE", notice["id"])
    asked = asyncio.create_task(hand_over(notifier, postfix(to=sender)))

    async def is_waiting() -> bool:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return await connection.fetchval(query) > 0

    await notifier.until(is_waiting, what="it writes it down")
    notifier.kill()
    await notifier.ended()
    await holding.rollback()
    await connection.close()
    with pytest.raises(httpx.HTTPError):
        await asked
    await notifier.start()
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    assert (await hand_over(notifier, postfix(to=sender))).status_code == 204
    await notifier.until_notices(account_id, ("low-balance", "email", "bounced"))
