"""How providers are asked to give back, and what their answers mean: bytes out, answers in."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import pytest
from ledger_asked import API_KEY, SECRET
from ledger_giving import BODY, REQUEST, SETTINGS, ask, through
from ledger_providers import (
    APP_ID,
    bare,
    private_pem,
    public_pem,
    stripe_event,
)
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.payments.take_movement import movement_of
from prepay_ledger.providers.stripe_events import read_event as read_stripe
from prepay_ledger.providers.values import Told
from prepay_ledger.refunders.values import NotGiven, Taken, given_back

JSON = {
    "kind": "http-json",
    "url": "https://api.example/refunds",
    "headers": {"X-Merchant": "ours"},
    "body": BODY,
    "secret": SECRET,
    "movement_id": "refund.id",
    "code": "error.code",
}
STRIPE = {"kind": "stripe", "api_key": API_KEY}
ALIPAY = {
    "kind": "alipay",
    "app_id": APP_ID,
    "private_key": bare(private_pem("merchant")),
    "public_keys": [public_pem("alipay old"), bare(public_pem("alipay new"))],
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"refund": {"id": "re_1"}}), Taken("re_1")),
        ((202, {}), Taken("")),
        ((422, {"error": {"code": "too_old"}}), NotGiven("too_old")),
        ((402, {}), NotGiven("402")),
        ((400, {}), None),
        ((409, {}), None),
        ((500, {}), None),
        ((302, {}), None),
        (httpx.ReadTimeout("no"), None),
    ],
)
async def test_what_answers_of_any_provider_mean(answer, expected):
    found, _ = await ask(JSON, answer)
    assert isinstance(found, NoAnswer) if expected is None else found == expected


async def test_a_request_is_signed_and_the_same_each_time():
    _, (first,) = await ask(JSON, (202, {}))
    _, (second,) = await ask(JSON, (500, {}))
    assert first.content == second.content
    assert json.loads(first.content) == {
        "order": str(REQUEST.id), "payment": "pi_1", "account": "000000017",
        "amount": {"value": "12.34", "micro": 12_340_000, "currency": "CNY"},
    }  # fmt: skip
    assert first.headers["idempotency-key"] == str(REQUEST.id)
    Webhook(SECRET).verify(first.content, dict(first.headers))
    assert isinstance((await ask(JSON, look=True))[0], NoAnswer)


def refund(**more: object) -> dict[str, object]:
    return {
        "id": "re_1", "object": "refund", "status": "succeeded", "amount": 1234, "currency": "cny",
        "payment_intent": "pi_1", "metadata": {"request_id": str(REQUEST.id)},
    } | more  # fmt: skip


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize(
    ("status", "event"),
    [("succeeded", "refund.updated"), ("failed", "refund.failed"), ("canceled", "refund.updated")],
)
async def test_stripes_answer_is_what_its_event_tells(status, event, look):
    found, (sent,) = await ask(STRIPE, (200, refund(status=status)), look=look)
    told = read_stripe(json.dumps(stripe_event(event, **refund(status=status))).encode())
    assert isinstance(told, Told)
    assert movement_of(through(found)) == movement_of(told)
    assert (through(found).payment_id, told.request_id) == (told.payment_id, str(REQUEST.id))
    assert sent.headers["authorization"] == f"Bearer {API_KEY}"
    path = "/v1/refunds/re_1" if look else "/v1/refunds"
    assert (sent.method, sent.url.path) == ("GET" if look else "POST", path)


async def test_stripe_is_asked_by_the_intent_or_else_the_charge():
    _, (sent,) = await ask(STRIPE, (200, refund()))
    assert sent.headers["idempotency-key"] == str(REQUEST.id)
    assert dict(parse_qsl(sent.content.decode())) == {
        "payment_intent": "pi_1", "amount": "1234", "reason": "requested_by_customer",
        "metadata[account_number]": "000000017", "metadata[request_id]": str(REQUEST.id),
    }  # fmt: skip
    _, (sent,) = await ask(STRIPE, (200, refund()), request=replace(REQUEST, payment_id="ch_1"))
    assert dict(parse_qsl(sent.content.decode()))["charge"] == "ch_1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, refund(status="pending")), Taken("re_1")),
        ((200, refund(status="requires_action")), Taken("re_1")),
        (
            (400, {"error": {"code": "charge_already_refunded"}}),
            NotGiven("charge_already_refunded"),
        ),
        ((404, {"error": {"code": "resource_missing"}}), NotGiven("resource_missing")),
        # It went, and is another amount: two people have to take that for it.
        ((200, refund(amount=1233)), given_back(REQUEST, "re_1", amount_micro=12_330_000)),
        ((200, refund(amount=0)), None),
        ((200, refund(amount="1234")), None),
        ((200, refund(currency="eur")), None),
        ((200, refund(id=None)), None),
        ((200, {}), None),
        ((400, {"error": {"code": "balance_insufficient"}}), None),
        ((400, {"error": {"type": "idempotency_error"}}), None),
        ((401, {}), None),
        ((409, {"error": {"code": "idempotency_key_in_use"}}), None),
        ((500, {"error": {"code": "charge_already_refunded"}}), None),
    ],
)
async def test_what_stripes_answers_mean(answer, expected):
    found, _ = await ask(STRIPE, answer)
    assert isinstance(found, NoAnswer) if expected is None else found == expected


@pytest.mark.parametrize("settings", [STRIPE, JSON])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((400, {"error": {"code": "balance_insufficient"}}), "answered 400 balance_insufficient"),
        ((401, {}), "answered 401"),
    ],
)
async def test_a_person_reads_why_nothing_went_yet(settings, answer, reason):
    found, _ = await ask(settings, answer)
    assert found == NoAnswer(reason, is_there=True)


@pytest.mark.parametrize("movement_id", ["", "../charges/ch_1", "re_1?expand=x"])
async def test_stripe_is_asked_about_refunds_alone(movement_id):
    found, sent = await ask(STRIPE, request=replace(REQUEST, movement_id=movement_id), look=True)
    assert (isinstance(found, NoAnswer), sent) == (True, [])


@pytest.mark.parametrize(
    "settings",
    [
        JSON | {"body": {"order": "1"}},
        JSON | {"body": {"order": "{request_id}", "x": "{reference}"}},
        JSON | {"url": "ftp://x"},
        STRIPE | {"api_key": None},
        ALIPAY | {"public_keys": []},
        ALIPAY | {"private_key": "x"},
        STRIPE | {"kind": "other"},
    ],
)
def test_settings_that_are_refused(settings) -> None:
    with pytest.raises(ValidationError):
        SETTINGS.validate_python(settings)


async def test_amounts_that_a_provider_cannot_write() -> None:
    async with make_client() as client:
        for settings in (STRIPE, ALIPAY):
            refunder = SETTINGS.validate_python(settings).refunder(client)
            assert refunder.refused_amount(10_001, "CNY")
            assert not refunder.refused_amount(10_000, "CNY")
        assert refunder.refused_amount(10_000, "EUR")
        assert not SETTINGS.validate_python(JSON).refunder(client).refused_amount(1, "CNY")
