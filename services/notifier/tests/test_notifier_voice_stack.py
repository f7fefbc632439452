"""Notices that a call speaks, on real parts."""

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncGenerator

import httpx
import pytest
from notifier_events import low
from vendor_gateways import Gateway, plain_document

pytestmark = pytest.mark.stack

CALLBACK = secrets.token_hex(16)
SIGNING = secrets.token_hex(16)


@pytest.fixture(scope="module")
async def calls(notifier) -> AsyncGenerator[Gateway]:
    """The notifier calls by this gateway meanwhile."""
    gateway = Gateway()
    await gateway.start()
    document = plain_document(gateway.url)
    document["request"]["json"]["messages"][0]["body"] = "{language}: {text}"
    before = notifier.environment
    assert await notifier.stop() == 0
    notifier.environment = before | {
        "PREWATT_VOICE_GATEWAY": json.dumps(document),
        "PREWATT_VOICE_GATEWAY_SECRET": "a-secret",
        "PREWATT_VOICE_CALLBACK_SECRET": CALLBACK,
        "PREWATT_VOICE_CALLBACK_KEY": SIGNING,
    }
    await notifier.start()
    try:
        yield gateway
    finally:
        assert await notifier.stop() == 0
        notifier.environment = before
        await notifier.start()
        await gateway.stop()


async def tell(notifier, number: str, state: str, *, key: str = SIGNING, path: str = CALLBACK):
    """As the gateway does of a call."""
    body = json.dumps({"events": [{"id": number, "state": state, "why": "17"}]}).encode()
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        return await client.post(
            f"/v1/receipts/voice/{path}",
            content=body,
            headers={"Content-Type": "application/json", "X-Signature": f"sha256={signature}"},
        )


async def called(notifier, phone: str, *channels: str):
    account_id = await notifier.account(
        language="en", phone=phone, channels=["voice", *channels], email="called@home.example"
    )
    await notifier.publish(low(account_id))
    return account_id


async def test_a_call_that_was_answered_is_evidence(notifier, calls):
    phone = "+8613800000051"
    account_id = await called(notifier, phone)
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "voice", "accepted"))
    (call,) = calls.to(phone)
    assert call["ref"] == notice["id"]
    assert call["text"].startswith("en: ")
    assert "¥12.35" in call["text"]
    assert notice["segments"] is None
    assert (await tell(notifier, call["id"], "ringing")).status_code == 204
    for _ in range(2):
        assert (await tell(notifier, call["id"], "delivered")).status_code == 204
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "voice", "delivered"))
    assert notice["proof"] == "receipt"
    told = [each["type"] for each in await notifier.told(account_id)]
    assert told == ["prewatt.notice.accepted.v1", "prewatt.notice.delivered.v1"]


async def test_one_that_nobody_answers_goes_another_way(notifier, calls, smtp_peer):
    phone = "+8613800000052"
    account_id = await called(notifier, phone, "email")
    await notifier.until_notices(account_id, ("low-balance", "voice", "accepted"))
    (call,) = calls.to(phone)
    assert (await tell(notifier, call["id"], "undeliverable")).status_code == 204
    first, _ = await notifier.until_notices(
        account_id, ("low-balance", "voice", "bounced"), ("low-balance", "email", "accepted")
    )
    assert first["reason"].startswith("delivery report undeliverable")


async def test_a_number_that_cannot_be_called_goes_another_way(notifier, calls, smtp_peer):
    phone = "+8613800000053"
    calls.answers[phone] = ["no-such-number"]
    account_id = await called(notifier, phone, "email")
    await notifier.until_notices(
        account_id, ("low-balance", "voice", "failed"), ("low-balance", "email", "accepted")
    )


async def test_who_does_not_read_is_called_before_anything_is_written(notifier, calls, smtp_peer):
    phone = "+8613800000057"
    calls.answers[phone] = ["no-such-number"]
    contact = {"language": "en", "phone": phone, "email": "reader@home.example"}
    account_id = await notifier.account(**contact, channels=["email"], reads=False)
    await notifier.publish(low(account_id))
    # Where nobody can be called, the others follow.
    await notifier.until_notices(
        account_id, ("low-balance", "voice", "failed"), ("low-balance", "email", "accepted")
    )
    async with notifier.http("notifier:read") as client:
        kept = (await client.get(f"/v1/contacts/{account_id}")).json()
    assert (kept["reads"], kept["channels"]) == (False, ["email"])


async def test_nobody_else_can_say_that_it_was_answered(notifier, calls):
    phone = "+8613800000054"
    account_id = await called(notifier, phone)
    await notifier.until_notices(account_id, ("low-balance", "voice", "accepted"))
    (call,) = calls.to(phone)
    assert (await tell(notifier, call["id"], "delivered", key="x" * 32)).status_code == 401
    assert (await tell(notifier, call["id"], "delivered", path="x" * 32)).status_code == 404
    await notifier.until_notices(account_id, ("low-balance", "voice", "accepted"))


async def test_killed_between_the_call_and_the_note_of_it_it_calls_once_more(notifier, calls):
    phone = "+8613800000055"
    calls.delay_s = 1
    try:
        account_id = await called(notifier, phone)
        await notifier.until(lambda: len(calls.to(phone)) == 1, what="handed in")
        notifier.kill()
        await notifier.ended()
    finally:
        calls.delay_s = 0
    await notifier.start()
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "voice", "accepted"))
    first, second = calls.to(phone)
    assert first["ref"] == second["ref"] == notice["id"]
    # The first call was answered: of a call that nobody noted nothing is known.
    await tell(notifier, first["id"], "delivered")
    await tell(notifier, second["id"], "delivered")
    await notifier.until_notices(account_id, ("low-balance", "voice", "delivered"))


async def test_a_call_needs_a_number(notifier):
    contact = {"language": "en", "email": "li@home.example", "channels": ["voice", "email"]}
    async with notifier.http("notifier:write") as client:
        answer = await client.put("/v1/contacts/018f2f5e-7b6a-7c3a-9d1e-0123456789ac", json=contact)
    assert (answer.status_code, "voice needs a phone number" in answer.text) == (422, True)
