"""Providers of each kind against a running ledger: paid once, whatever events tell of it."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from ledger_providers import (
    API_V3_KEYS,
    Call,
    alipay_call,
    notice,
    sealed,
    settings_documents,
    standard_call,
    stripe_call,
    stripe_event,
    transaction,
    wechat_call,
)

from prewatt_common.clock import utc_now
from prewatt_devstack.ports import free_ports

pytestmark = pytest.mark.stack
PROBLEM = "application/problem+json"
WHY = {"reason": "the key is configured now"}
NEW_API_V3_KEY = "next-APIv3-key-of-32-bytes-12345"
SUCCESS = {"code": "SUCCESS", "message": "成功"}
PAID_MICRO = 12_500_000


@dataclass
class Paying:
    """A ledger that knows providers of all kinds, beside the one of the other tests."""

    url: str

    async def tell(self, provider: str, call: Call) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:
            return await client.post(
                f"/v1/webhooks/payments/{provider}", content=call.body, headers=call.headers
            )


def start(ledger, name, providers):
    (port,) = free_ports(1)
    env = ledger.stack.service_env("prepay-ledger") | {
        "PREWATT_HTTP_PORT": str(port),
        "PREWATT_INSTANCE_ID": name,
        "PREWATT_PAYMENT_PROVIDERS": json.dumps(providers),
    }
    url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
    ledger.stack.start_service(
        name, [sys.executable, "-m", "prepay_ledger"], env=env, ready_url=f"{url}/readyz"
    )
    return Paying(url)


@pytest.fixture(scope="module")
async def paying(ledger) -> AsyncGenerator[Paying]:
    yield await asyncio.to_thread(start, ledger, "ledger-paying", settings_documents())
    await asyncio.to_thread(ledger.stack.stop, "ledger-paying")


def an_id():
    return uuid4().hex


def demo(number, payment):
    """One payment under three events."""
    data = {"payment_id": payment, "account_number": number, "amount_micro": PAID_MICRO}
    body = {
        "type": "payment.succeeded",
        "timestamp": utc_now().isoformat(),
        "data": data | {"currency": "CNY"},
    }
    return [standard_call(body | {"id": an_id()}) for _ in range(3)]


def cards(number, payment):
    """The payment intent, its charge, and the first again."""
    money = {"currency": "cny", "amount": 1250, "metadata": {"account_number": number}}
    intent = stripe_event(
        "payment_intent.succeeded", an_id(), id=payment, amount_received=1250, **money
    )
    charge = stripe_event(
        "charge.succeeded", an_id(), id="ch_" + an_id(), payment_intent=payment, **money
    )
    return [stripe_call(each) for each in (intent, charge, intent)]


def wechat(number, payment):
    """Under two notices, one of them again in other bytes, by a key that is being replaced."""
    resource = transaction(transaction_id=payment, out_trade_no=f"{number}_{an_id()}")
    first, second = an_id(), an_id()
    return [
        wechat_call(sealed(resource, event_id=first)),
        wechat_call(sealed(resource, event_id=second)),
        wechat_call(sealed(resource, event_id=first, api_v3_key=API_V3_KEYS[1])),
    ]


def alipay(number, payment):
    """TRADE_SUCCESS, the same again some minutes later, TRADE_FINISHED."""
    trade = {"trade_no": payment, "passback_params": number}
    first, now = an_id(), utc_now()
    return [
        alipay_call(notice(at=now - timedelta(minutes=30), notify_id=first, **trade)),
        alipay_call(notice(at=now, notify_id=first, **trade)),
        alipay_call(notice(notify_id=an_id(), trade_status="TRADE_FINISHED", **trade)),
    ]


def json_credited(answer):
    return answer.json()["outcome"] == "credited"


CALLS = {
    "demo": (demo, json_credited),
    "cards": (cards, json_credited),
    "wechat": (wechat, lambda answer: answer.json() == SUCCESS),
    "alipay": (
        alipay,
        lambda answer: (
            (answer.text == "success") and answer.headers["content-type"].startswith("text/plain")
        ),
    ),
}


@pytest.mark.parametrize("provider", CALLS)
@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
async def test_a_payment_is_credited_once_whatever_tells_of_it(ledger, paying, provider, at_once):
    account, payment = await ledger.open(), f"p_{an_id()}"
    made, answered_well = CALLS[provider]
    calls = made(account["number"], payment)
    if at_once:
        answers = await asyncio.gather(*(paying.tell(provider, call) for call in calls * 4))
    else:
        answers = [await paying.tell(provider, call) for call in calls]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answered_well(answer), answer.text
    assert (await ledger.account(account))["balance_micro"] == PAID_MICRO
    (entry,) = await ledger.newest(account, "entries")
    assert entry["amount_micro"] == PAID_MICRO
    query = {"provider": provider, "payment_id": payment}
    (kept,) = (await ledger.api.get("/v1/payments", params=query)).json()["items"]
    assert (kept["outcome"], kept["account_number"]) == ("credited", account["number"])
    rows = await ledger.sql("SELECT outcome FROM payment_event WHERE payment_id = $1", payment)
    assert sorted({row["outcome"] for row in rows}) == ["credited", "repeated"]
    await ledger.sums_to_zero()


@pytest.mark.parametrize("provider", CALLS)
async def test_a_bad_signature_keeps_nothing(ledger, paying, provider):
    payment = f"p_{an_id()}"
    made, _ = CALLS[provider]
    call = made(ledger.number(), payment)[0]
    for bad in (Call(call.headers, call.body + b" "), Call({}, call.body[:-1])):
        answer = await paying.tell(provider, bad)
        assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
        assert "Nothing was kept" in answer.json()["detail"]
    rows = await ledger.sql("SELECT 1 FROM payment_event WHERE payment_id = $1", payment)
    assert rows == []


def moved_at_stripe(payment):
    money = {"currency": "cny", "amount": 500, "payment_intent": payment, "metadata": {}}
    refund = {"id": f"re_{payment}"} | money
    return {
        "refund": stripe_event("refund.created", status="succeeded", **refund),
        "refund-failed": stripe_event(
            "refund.failed", id=f"re_{payment}", status="failed", **money
        ),
        "dispute": stripe_event(
            "charge.dispute.created", id=f"dp_{payment}", status="needs_response", **money
        ),
        "dispute-won": stripe_event("charge.dispute.closed", id="dp_1", status="won", **money),
        "dispute-lost": stripe_event("charge.dispute.closed", id="dp_1", status="lost", **money),
        "not-paid": stripe_event("charge.failed", id="ch_1", **money),
    }


async def test_what_moves_a_payment_waits_for_it_and_is_moved_with_it(ledger, paying):
    """A refund that failed, a dispute, another that is won whatever else is told of it."""
    account, payment = await ledger.open(), f"pi_{an_id()}"
    for what, event in moved_at_stripe(payment).items():
        outcome = "not-paid" if what == "not-paid" else "parked"
        event_id = f"evt_{an_id()}"
        call = stripe_call(event | {"id": event_id})
        first = await paying.tell("cards", call)
        assert (first.status_code, first.json()["outcome"]) == (200, outcome), first.text
        assert payment in first.json()["detail"]
        again = await paying.tell("cards", call)
        assert again.json() == first.json() | {"repeated": True}
        (kept,) = await ledger.kept(event_id)
        assert (kept["outcome"], kept["payment_id"]) == (outcome, payment)
        assert kept["open"] is (outcome == "parked")
    for call in cards(account["number"], payment):
        assert (await paying.tell("cards", call)).json()["outcome"] == "credited"
    assert (await ledger.account(account))["balance_micro"] == PAID_MICRO - 5_000_000
    rows = await ledger.sql(
        "SELECT outcome, open FROM payment_event WHERE payment_id = $1 AND outcome <> 'not-paid' "
        "AND type NOT LIKE '%succeeded'",
        payment,
    )
    assert {tuple(row) for row in rows} == {("taken-back", False)}


async def test_a_refund_told_again_in_other_bytes_is_no_conflict(ledger, paying):
    event_id, payment = an_id(), an_id()
    refund = {
        "trade_no": payment,
        "notify_id": event_id,
        "gmt_refund": "2026-11-28 18:00:00.123",
        "refund_fee": "3.00",
        "out_biz_no": "R1",
    }
    now = utc_now()
    for minutes in (20, 10, 0):
        call = alipay_call(notice(at=now - timedelta(minutes=minutes), **refund))
        assert (await paying.tell("alipay", call)).text == "success"
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["open"]) == ("parked", True)


async def test_money_that_names_no_account_goes_to_suspense(ledger, paying):
    payment = f"pi_{an_id()}"
    event = stripe_event(
        "payment_intent.succeeded", an_id(), id=payment, amount=7, amount_received=7,
        currency="cny", metadata={},
    )  # fmt: skip
    answer = await paying.tell("cards", stripe_call(event))
    told = answer.json()
    assert (told["outcome"], told["detail"]) == (
        "suspense",
        "Kept in suspense: it names no account.",
    )


async def test_money_for_another_merchant_is_kept_and_not_counted(ledger, paying):
    account, event_id = await ledger.open(), an_id()
    resource = transaction(mchid="1", attach=account["number"], transaction_id=an_id())
    answer = await paying.tell("wechat", wechat_call(sealed(resource, event_id=event_id)))
    assert answer.json() == SUCCESS
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["open"]) == ("unreadable", True)
    assert json.loads(kept["plain"])["resource"] == resource
    assert (await ledger.account(account))["balance_micro"] == 0


async def test_a_notice_that_no_key_opens_yet_is_paid_once_one_does(ledger, paying):
    account, event_id = await ledger.open(), an_id()
    resource = transaction(attach=account["number"], transaction_id=an_id())
    call = wechat_call(sealed(resource, event_id=event_id, api_v3_key=NEW_API_V3_KEY))
    assert (await paying.tell("wechat", call)).json() == SUCCESS
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["plain"]) == ("unreadable", None)
    path = f"/v1/payment-events/{kept['id']}/replay"
    unknown = await ledger.api.post(path, json=WHY)
    assert (unknown.status_code, unknown.json()["type"]) == (
        409,
        "urn:prewatt:problem:unknown-provider",
    )
    documents = settings_documents()
    keys = [NEW_API_V3_KEY, *API_V3_KEYS]
    changed = documents | {"wechat": documents["wechat"] | {"api_v3_keys": keys}}
    restarted = await asyncio.to_thread(start, ledger, "ledger-rotated", changed)
    try:
        headers = ledger.api.headers
        async with httpx.AsyncClient(base_url=restarted.url, headers=headers) as client:
            replayed = await client.post(path, json=WHY)
        assert replayed.json()["outcome"] == "credited", replayed.text
        assert (await restarted.tell("wechat", call)).json() == SUCCESS
    finally:
        await asyncio.to_thread(ledger.stack.stop, "ledger-rotated")
    assert (await ledger.account(account))["balance_micro"] == PAID_MICRO
