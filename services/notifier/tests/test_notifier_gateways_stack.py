"""The notifier with SMS gateways by HTTP, on real parts: what they are asked, their receipts
however those come, refusals and kills."""

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncGenerator

import httpx
import pytest
from notifier_events import low
from vendor_gateways import (
    KEY,
    SECRET,
    Gateway,
    aliyun_document,
    plain_document,
    tencent_document,
)

pytestmark = pytest.mark.stack

CALLBACK = secrets.token_hex(16)
SIGNING = secrets.token_hex(16)
ACCEPTED = "prewatt.notice.accepted.v1"
DELIVERED = "prewatt.notice.delivered.v1"
BOUNCED = "prewatt.notice.bounced.v1"
DOCUMENTS = {"aliyun": aliyun_document, "tencent": tencent_document, "http": plain_document}
PER_NUMBER = {
    "aliyun": "isv.BUSINESS_LIMIT_CONTROL",
    "tencent": "LimitExceeded.PhoneNumberDailyLimit",
}
FINAL = {
    "aliyun": "isv.MOBILE_NUMBER_ILLEGAL",
    "tencent": "InvalidParameterValue.IncorrectPhoneNumber",
    "http": "no-such-number",
}
OURS = {
    "aliyun": "isv.AMOUNT_NOT_ENOUGH",
    "tencent": "FailedOperation.InsufficientBalanceInSmsPackage",
    "http": "no-credit",
}


@pytest.fixture(scope="module", params=DOCUMENTS)
async def kind(request, notifier, gateway) -> AsyncGenerator[str]:
    """The notifier goes by this gateway meanwhile."""
    kind = request.param
    before = notifier.environment
    kept = {k: v for k, v in before.items() if not k.startswith("PREWATT_SMS_RECEIPT")}
    del kept["PREWATT_SMS_URL"]
    assert await notifier.stop() == 0
    notifier.environment = kept | {
        "PREWATT_SMS_GATEWAY": json.dumps(DOCUMENTS[kind](gateway.url)),
        "PREWATT_SMS_GATEWAY_KEY": KEY,
        "PREWATT_SMS_GATEWAY_SECRET": "a-secret" if kind == "http" else SECRET,
        "PREWATT_SMS_CALLBACK_SECRET": CALLBACK,
        "PREWATT_SMS_CALLBACK_KEY": SIGNING if kind == "http" else "",
    }
    await notifier.start()
    try:
        yield kind
    finally:
        assert await notifier.stop() == 0
        notifier.environment = before
        await notifier.start()


@pytest.fixture(scope="module")
async def gateway() -> AsyncGenerator[Gateway]:
    peer = Gateway()
    await peer.start()
    yield peer
    await peer.stop()


async def call(
    notifier, what: str, body: bytes, *, secret: str = CALLBACK, key: str = SIGNING
) -> httpx.Response:
    """As a gateway does."""
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        return await client.post(
            f"/v1/{what}/sms/{secret}",
            content=body,
            headers={"Content-Type": "application/json", "X-Signature": f"sha256={signature}"},
        )


def report(kind: str, number: str, *, good: bool = True) -> bytes:
    match kind:
        case "aliyun":
            said = [{"biz_id": number, "success": good, "err_code": "DELIVERED" if good else "X"}]
        case "tencent":
            said = [{"sid": number, "report_status": "SUCCESS" if good else "FAIL", "errmsg": "X"}]
        case _:
            state = "delivered" if good else "undeliverable"
            said = {"events": [{"id": number, "state": state, "why": "X"}]}
    return json.dumps(said).encode()


async def reader(notifier, phone: str, **more):
    return await notifier.account(**{"language": "en", "phone": phone, "channels": ["sms"]} | more)


async def types(notifier, account_id) -> list[str]:
    return [each["type"] for each in await notifier.told(account_id)]


async def test_a_notice_is_said_as_the_gateway_wants_it_and_its_receipt_counts(
    notifier, gateway, kind
):
    phone = f"+86138000041{len(kind):02d}"
    account_id = await reader(notifier, phone, language="zh-CN")
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
    (taken,) = gateway.to(phone)
    assert taken["ref"] == notice["id"]
    number = f"1{account_id.int % 10**9:09d}"
    match kind:
        case "aliyun":
            assert taken["template"] == "SMS_zh-CN_low-balance"
            said = {"account": number, "balance": "¥12.35", "threshold": "¥20.00"}
            assert taken["values"].items() >= (said | {"utility": "Prewatt"}).items()
            assert len(taken["values"]["code"]) == 8
            assert taken["sign"] == "某供电"
        case "tencent":
            assert (taken["template"], taken["values"]) == ("zh-CN_low-balance", [number, "¥12.35"])
            assert notice["segments"] == 2
        case _:
            assert "¥12.35" in taken["text"]
            assert notice["segments"] == 1
    for _ in range(2):
        answer = await call(notifier, "receipts", report(kind, taken["id"]))
        assert answer.status_code == (204 if kind == "http" else 200), answer.text
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    assert notice["proof"] == "receipt"
    assert await types(notifier, account_id) == [ACCEPTED, DELIVERED]


async def test_a_receipt_may_come_before_the_acceptance_is_noted_and_after_a_restart(
    notifier, gateway, kind
):
    early, late = f"+86138000042{len(kind):02d}", f"+86138000043{len(kind):02d}"
    first, second = await reader(notifier, early), await reader(notifier, late)
    gateway.delay_s = 1
    try:
        await notifier.publish(low(first))
        await notifier.until(lambda: bool(gateway.to(early)), what="handed in")
        (taken,) = gateway.to(early)
        assert (await call(notifier, "receipts", report(kind, taken["id"]))).is_success
        assert (await notifier.notices(first))[0]["status"] == "sending"
    finally:
        gateway.delay_s = 0
    await notifier.until_notices(first, ("low-balance", "sms", "delivered"))
    await notifier.publish(low(second))
    await notifier.until_notices(second, ("low-balance", "sms", "accepted"))
    notifier.kill()
    await notifier.ended()
    await notifier.start()
    (taken,) = gateway.to(late)
    assert (await call(notifier, "receipts", report(kind, taken["id"]))).is_success
    await notifier.until_notices(second, ("low-balance", "sms", "delivered"))
    # What we know nothing of is kept for a while, and changes nothing.
    assert (await call(notifier, "receipts", report(kind, "of-nobody"))).is_success


async def test_what_comes_back_goes_by_mail(notifier, gateway, smtp_peer, kind):
    phone, address = f"+86138000044{len(kind):02d}", f"{kind}back@home.example"
    account_id = await reader(notifier, phone, email=address, channels=["sms", "email"])
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
    (taken,) = gateway.to(phone)
    assert (await call(notifier, "receipts", report(kind, taken["id"], good=False))).is_success
    await notifier.until_notices(
        account_id, ("low-balance", "sms", "bounced"), ("low-balance", "email", "accepted")
    )
    assert (await types(notifier, account_id))[:2] == [ACCEPTED, BOUNCED]
    assert len(smtp_peer.to(address)) == 1


async def test_refused_numbers_end_and_what_passes_is_tried_again(notifier, gateway, kind):
    wrong, often, poor = (f"+8613800004{place}{len(kind):02d}" for place in (5, 6, 7))
    gateway.answers |= {
        wrong: [FINAL[kind]],
        often: [PER_NUMBER.get(kind, "busy")] * 2,
        poor: [OURS[kind]] * 2,
    }
    accounts = [await reader(notifier, phone) for phone in (wrong, often, poor)]
    for account_id in accounts:
        await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(accounts[0], ("low-balance", "sms", "failed"))
    assert FINAL[kind] in notice["reason"]
    for account_id in accounts[1:]:
        (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
        assert notice["attempts"] == 3


async def test_who_is_not_the_gateway_reports_nothing(notifier, gateway, kind):
    phone = f"+86138000048{len(kind):02d}"
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
    (taken,) = gateway.to(phone)
    body = report(kind, taken["id"])
    stranger = await call(notifier, "receipts", body, secret="x" * 32)
    assert stranger.status_code == 404
    assert stranger.json()["type"] == "urn:prewatt:problem:unknown-receipt"
    if kind == "http":
        forged = await call(notifier, "receipts", body, key="not the key")
        assert forged.status_code == 401
    for wrong in (b"", b"[]x", b'[{"success": true}]'):
        answer = await call(notifier, "receipts", wrong)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    (notice,) = await notifier.notices(account_id)
    assert notice["status"] == "accepted"


async def test_killed_between_the_handing_in_and_the_note_of_it_repeats_once(
    notifier, gateway, kind
):
    phone = f"+86138000049{len(kind):02d}"
    account_id = await reader(notifier, phone)
    gateway.delay_s = 1.5
    try:
        await notifier.publish(low(account_id))
        await notifier.until(lambda: len(gateway.to(phone)) == 1, what="handed in")
        notifier.kill()
        await notifier.ended()
    finally:
        gateway.delay_s = 0
    await notifier.start()
    await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
    first, second = gateway.to(phone)
    assert first["ref"] == second["ref"]
    assert (await call(notifier, "receipts", report(kind, second["id"]))).is_success
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))


def written(kind: str, phone: str, text: str, *, number: int) -> bytes:
    """What a customer wrote, as the gateway tells it."""
    match kind:
        case "aliyun":
            said = [
                {
                    "phone_number": phone.removeprefix("+86"),
                    "send_time": "2026-11-29 12:00:00",
                    "content": text,
                    "sign_name": "某供电",
                    "dest_code": "4711",
                    "sequence_id": 540_987_654 + number,
                }
            ]
        case "tencent":
            said = {
                "extend": "01",
                "mobile": phone.removeprefix("+86"),
                "nationcode": "86",
                "sign": "某供电",
                "text": text,
                "time": 1_732_838_400 + number,
            }
        case _:
            said = {"messages": [{"id": number, "from": phone, "body": text}]}
    return json.dumps(said, ensure_ascii=False).encode()


async def test_what_a_customer_writes_is_kept_once_and_answered(notifier, gateway, kind):
    phone = f"+86136000041{len(kind):02d}"
    account_id = await reader(notifier, phone, language="zh-CN")
    for _ in range(3):
        body = written(kind, phone, "退订", number=1)
        answer = await call(notifier, "inbound-messages", body)
        assert answer.status_code == (204 if kind == "http" else 200), answer.text
        if kind == "aliyun":
            assert answer.json() == {"code": 0, "msg": "OK"}
    (notice,) = await notifier.until_notices(account_id, ("answer-stopped", "sms", "accepted"))
    (taken,) = gateway.to(phone)
    assert taken["ref"] == notice["id"]
    if kind == "aliyun":
        assert taken["template"] == "SMS_zh-CN_answer-stopped"
        assert taken["values"]["purposes"] == "缴费、资讯、营销"
    # The same words later are another message, where the gateway says so.
    answer = await call(notifier, "inbound-messages", written(kind, phone, "帮助", number=2))
    assert answer.is_success
    await notifier.until(lambda: len(gateway.to(phone)) == 2, what="another answer")
    async with notifier.http("notifier:read") as client:
        listed = await client.get("/v1/inbound-messages", params={"account_id": str(account_id)})
    items = listed.json()["items"]
    assert [(each["gateway"], each["word"]) for each in items] == [(kind, "help"), (kind, "stop")]


async def test_who_is_not_the_gateway_writes_nothing(notifier, gateway, kind):
    phone = f"+86136000042{len(kind):02d}"
    await reader(notifier, phone)
    body = written(kind, phone, "STOP", number=3)
    stranger = await call(notifier, "inbound-messages", body, secret="x" * 32)
    assert stranger.status_code == 404
    assert stranger.json()["type"] == "urn:prewatt:problem:unknown-address"
    if kind == "http":
        forged = await call(notifier, "inbound-messages", body, key="not the key")
        assert forged.status_code == 401
    for wrong in (b"", b"[]x", b'[{"content": "STOP"}]', b'{"messages": [{"id": 1}]}'):
        answer = await call(notifier, "inbound-messages", wrong)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    connection = await notifier.connect()
    query = "SELECT count(*) FROM inbound_message WHERE sender = $1"
    assert await connection.fetchval(query, phone) == 0
    await connection.close()
