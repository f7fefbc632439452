"""Payment webhooks: signed, fresh, each credited once, never lost."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack
PROBLEM = "application/problem+json"


async def test_a_payment_is_credited_and_a_replay_changes_nothing(ledger):
    account = await ledger.open()
    body = ledger.payment(account["number"], 12_500_000)
    first = await ledger.deliver(body, event_id="e-1" + account["number"])
    assert first.status_code == 200, first.text
    assert first.json() == {
        "outcome": "credited",
        "repeated": False,
        "detail": None,
        "account_id": account["id"],
        "balance_micro": 12_500_000,
    }
    # The same event, and the same payment in another event.
    for event_id in ("e-1" + account["number"], f"e-{uuid4()}"):
        again = await ledger.deliver(body, event_id=event_id)
        assert again.status_code == 200
        assert again.json() == first.json() | {"repeated": True}
    assert (await ledger.account(account))["balance_micro"] == 12_500_000
    (entry,) = await ledger.newest(account, "entries")
    assert entry["amount_micro"] == 12_500_000
    await ledger.sums_to_zero()


async def test_identical_deliveries_at_once_give_one_credit(ledger):
    account = await ledger.open()
    body = ledger.payment(account["number"], 7)
    answers = await asyncio.gather(*(ledger.deliver(body) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert sorted(answer.json()["repeated"] for answer in answers) == [False] + [True] * 19
    assert (await ledger.account(account))["balance_micro"] == 7


async def test_payments_of_one_account_at_once_are_all_credited(ledger):
    account = await ledger.open()
    answers = await asyncio.gather(
        *(ledger.pay(account["number"], 10**n) for n in range(9)),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert (await ledger.account(account))["balance_micro"] == 111_111_111


async def test_money_for_nobody_goes_to_suspense(ledger):
    before = (await ledger.posted()).get("suspense", 0)
    account = await ledger.open()
    unknown = await ledger.deliver(ledger.payment("no such account \u2603", 11))
    currency = await ledger.deliver(ledger.payment(account["number"], 22, currency="EUR"))
    for answer in (unknown, currency):
        assert answer.status_code == 200, answer.text
        told = answer.json()
        detail = told.pop("detail")
        assert detail.startswith("Kept in suspense: "), detail
        assert told == {
            "outcome": "suspense",
            "repeated": False,
            "account_id": None,
            "balance_micro": None,
        }
    assert (await ledger.account(account))["balance_micro"] == 0
    assert (await ledger.posted())["suspense"] == before + 11, "and 22 in EUR"
    listed = (await ledger.api.get("/v1/payments?outcome=suspense")).json()["items"]
    assert [(p["amount_micro"], p["account_number"], p["reason"]) for p in listed[:2]] == [
        (22, account["number"], f"account {account['number']} is in CNY, not EUR"),
        (11, "no such account \u2603", "there is no account no such account \u2603"),
    ]


async def test_suspense_is_told_to_others(ledger, kafka_events):
    answer = await ledger.deliver(ledger.payment("nobody-" + uuid4().hex, 44))
    assert answer.json()["outcome"] == "suspense"
    told = await kafka_events("prewatt.ledger.payment-suspended.v1", amount_micro=44)
    assert told["reference"].startswith("nobody-")


async def test_a_tampered_body_is_refused(ledger):
    account = await ledger.open()
    body = json.dumps(ledger.payment(account["number"], 5)).encode()
    answer = await ledger.deliver(body.replace(b": 5,", b": 9,"), headers=ledger.signed(body))
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert (await ledger.account(account))["balance_micro"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v9,AAAA"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "nan"},
        {"webhook-id": "another"},
    ],
)
async def test_a_signature_that_does_not_hold_is_refused(ledger, headers):
    answer = await ledger.deliver(ledger.payment(ledger.number()), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), answer.text


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_delivery_that_is_not_fresh_is_refused(ledger, minutes):
    at = utc_now() + timedelta(minutes=minutes)
    answer = await ledger.deliver(ledger.payment(ledger.number()), at=at)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)


async def test_what_is_not_for_the_webhook_is_refused(ledger):
    body = ledger.payment(ledger.number())
    large = await ledger.deliver(b'{"x": "' + b"x" * 70_000 + b'"}')
    assert (large.status_code, large.headers["content-type"]) == (413, PROBLEM)
    unknown = await ledger.deliver(body, provider="nobody")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, PROBLEM)
    async with ledger.http() as without_token:
        ledger_api, ledger.api = ledger.api, without_token
        try:
            assert (await ledger.deliver(body)).status_code == 200
        finally:
            ledger.api = ledger_api
