"""How providers are asked for a page, and what their answers mean: bytes out, answers in."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import httpx
import pytest
from alipay import AliPay
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ledger_providers import (
    APP_ID,
    SELLER_ID,
    alipay_call,
    bare,
    key,
    notice,
    private_pem,
    public_pem,
)
from pydantic import TypeAdapter, ValidationError
from standardwebhooks.webhooks import Webhook

from prepay_ledger.checkouts.configured import ConfiguredCheckout
from prepay_ledger.checkouts.values import CheckoutRequest, Declined, PageReady
from prepay_ledger.pay_links.draw_page import page_headers
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.alipay_events import read_notice
from prepay_ledger.providers.values import Told

SECRET = "whsec_" + "c3RyaWN0LXByb3ZpZGVyLXNlY3JldA=="
SETTINGS = TypeAdapter(ConfiguredCheckout)
REQUEST = CheckoutRequest(
    id=UUID("01978a3c-5f1e-7000-8000-000000000001"),
    account_number="000000017",
    amount_micro=12_340_000,
    currency="EUR",
    title="Pay for electricity – Ube",
    language="zh-CN",
    return_url="https://pay.example/p/t/done?payment=1&lang=en",
    cancel_url="https://pay.example/p/t?lang=en",
    begun_at=datetime(2026, 3, 1, 8, tzinfo=UTC),
)
JSON = {
    "kind": "http-json",
    "url": "https://api.example/orders",
    "page_hosts": ["pay.example"],
    "labels": {"en": "Wallet", "zh-CN": "钱包"},
    "headers": {"X-Merchant": "ours"},
    "body": {"order": "{request_id}", "micro": "{amount_micro}", "amount": "{amount}",
             "to": "{return_url}", "what": "{title} {account_number}"},
    "secret": SECRET,
    "page": "data.page",
    "code": "error.code",
}  # fmt: skip
STRIPE = {"kind": "stripe", "api_key": "rk_test_nobody"}


async def ask(settings, answer, request=REQUEST):
    """What came back, and what was sent."""
    sent: list[httpx.Request] = []

    def handler(got: httpx.Request) -> httpx.Response:
        sent.append(got)
        if isinstance(answer, Exception):
            raise answer
        status, document = answer
        return httpx.Response(status, json=document)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        checkout = SETTINGS.validate_python(settings).checkout(client)
        return await checkout.begin(request), sent


PAGE = "https://pay.example/page/1?x=y"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"data": {"page": PAGE}}), PageReady(PAGE)),
        ((201, {"data": {"page": PAGE}}), PageReady(PAGE)),
        ((422, {"error": {"code": "too_small"}}), Declined("too_small")),
        ((402, {}), Declined("402")),
        ((200, {"data": {"page": "https://evil.example/"}}), None),
        ((200, {"data": {"page": "http://pay.example/"}}), None),
        ((200, {"data": {"page": "https://pay.example:444/"}}), None),
        ((200, {"data": {"page": "https://pay.example@evil.example/"}}), None),
        ((200, {"data": {"page": "https://u:p@pay.example/"}}), None),
        ((200, {"data": {"page": "javascript:alert(1)"}}), None),
        ((200, {"data": {"page": "/page/1"}}), None),
        ((200, {"data": {"page": "https://xn--a.example/"}}), None),
        ((200, {"data": {"page": "https://xn--zzzzzz99999999.example/"}}), None),
        ((200, {"data": {"page": "https://pay.example/" + "x" * 4000}}), None),
        ((200, {"data": {"page": 5}}), None),
        ((200, {}), None),
        ((409, {}), None),
        ((500, {}), None),
        ((302, {}), None),
        (httpx.ConnectTimeout("no"), None),
    ],
)
async def test_what_answers_of_any_provider_mean(answer, expected):
    found, _ = await ask(JSON, answer)
    if expected is None:
        assert isinstance(found, NoAnswer)
    else:
        assert found == expected


async def test_a_request_is_signed_and_the_same_each_time():
    _, (first,) = await ask(JSON, (200, {"data": {"page": PAGE}}))
    _, (second,) = await ask(JSON, (500, {}))
    assert first.content == second.content
    assert json.loads(first.content) == {
        "order": str(REQUEST.id), "micro": 12_340_000, "amount": "12.34",
        "to": REQUEST.return_url, "what": f"{REQUEST.title} 000000017",
    }  # fmt: skip
    assert first.headers["idempotency-key"] == str(REQUEST.id)
    assert first.headers["x-merchant"] == "ours"
    Webhook(SECRET).verify(first.content, dict(first.headers))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"id": "cs_1", "url": "https://checkout.stripe.com/c/pay/cs_1"}),
         PageReady("https://checkout.stripe.com/c/pay/cs_1")),
        ((200, {"id": "cs_1", "url": "https://checkout.stripe.com.evil.example/"}), None),
        ((200, {"id": "cs_1", "url": None}), None),
        ((402, {"error": {"code": "card_declined"}}), Declined("card_declined")),
        ((400, {"error": {"code": "amount_too_small"}}), Declined("amount_too_small")),
        ((400, {"error": {"code": "amount_too_large"}}), Declined("amount_too_large")),
        ((400, {"error": {"code": "parameter_missing"}}), None),
        ((401, {"error": {}}), None),
        ((409, {"error": {"code": "idempotency_key_in_use"}}), None),
        ((503, {}), None),
    ],
)  # fmt: skip
async def test_what_answers_of_stripe_mean(answer, expected):
    found, _ = await ask(STRIPE, answer)
    if expected is None:
        assert isinstance(found, NoAnswer)
    else:
        assert found == expected


async def test_a_session_of_stripe_names_account_and_request_in_what_the_webhook_tells():
    _, (sent,) = await ask(STRIPE, (200, {}))
    form = dict(parse_qsl(sent.content.decode(), strict_parsing=True))
    assert form["mode"] == "payment"
    assert form["line_items[0][price_data][unit_amount]"] == "1234"
    assert form["line_items[0][price_data][currency]"] == "eur"
    assert form["payment_intent_data[metadata][account_number]"] == "000000017"
    assert form["payment_intent_data[metadata][request_id]"] == str(REQUEST.id)
    assert form["success_url"] == REQUEST.return_url
    assert form["locale"] == "zh"
    assert int(form["expires_at"]) == REQUEST.begun_at.timestamp() + 7_200
    assert sent.headers["idempotency-key"] == str(REQUEST.id)
    assert sent.headers["authorization"] == "Bearer rk_test_nobody"


async def test_stripe_counts_in_minor_units():
    async with httpx.AsyncClient() as client:
        checkout = SETTINGS.validate_python(STRIPE).checkout(client)
    assert not checkout.refused_amount(12_340_000, "EUR")
    assert checkout.refused_amount(12_345_000, "EUR")
    assert checkout.refused_amount(12_340_000, "JPY")
    _, (sent,) = await ask(
        STRIPE, (200, {}), replace(REQUEST, currency="JPY", amount_micro=5_000_000)
    )
    assert "unit_amount%5D=5&" in sent.content.decode()


ALIPAY = {
    "kind": "alipay",
    "app_id": "2014072300007148",
    "private_key": bare(private_pem("our app")),
    "notify_url": "https://ledger.example/v1/webhooks/payments/alipay",
}
YUAN = replace(REQUEST, currency="CNY", title="交电费 – Ube & Sons/1=2", account_number="户-17")


@pytest.mark.parametrize(
    ("product", "method"), [("wap", "alipay.trade.wap.pay"), ("page", "alipay.trade.page.pay")]
)
async def test_alipays_own_library_takes_the_address_that_we_sign(product, method):
    ready, sent = await ask(ALIPAY | {"product": product}, (500, {}), YUAN)
    assert isinstance(ready, PageReady)
    assert sent == [], "nobody is asked"
    url = httpx.URL(ready.url)
    assert (url.scheme, url.host, url.path) == ("https", "openapi.alipay.com", "/gateway.do")
    parameters = dict(parse_qsl(url.query.decode(), strict_parsing=True))
    library = AliPay(
        appid=ALIPAY["app_id"],
        app_private_key_string=private_pem("alipay new"),
        alipay_public_key_string=public_pem("our app"),
        sign_type="RSA2",
    )
    sign = parameters.pop("sign")
    # Of what it is told it leaves `sign_type` out, as notices do; a request signs it too.
    names = sorted(parameters)
    assert library._verify("&".join(f"{name}={parameters[name]}" for name in names), sign)
    assert parameters["method"] == method
    assert parameters["timestamp"] == "2026-03-01 16:00:00", "in China's time"
    order = json.loads(parameters["biz_content"])
    assert order["out_trade_no"] == REQUEST.id.hex
    assert order["total_amount"] == "12.34"
    assert order["time_expire"] == "2026-03-01 18:00:00"
    assert unquote_plus(order["passback_params"]) == "户-17"
    assert not set("/=&") & set(order["subject"])
    again, _ = await ask(ALIPAY | {"product": product}, (500, {}), YUAN)
    assert again == ready


async def test_alipays_notice_names_the_request_that_it_was_asked_for_by():
    for order, request_id in ((REQUEST.id.hex, str(REQUEST.id)), ("000000017_1", "")):
        call = alipay_call(notice(out_trade_no=order))
        told = read_notice(
            call.body, app_ids=frozenset({APP_ID}), seller_ids=frozenset({SELLER_ID})
        )
        assert isinstance(told, Told)
        assert told.request_id == request_id


async def test_alipay_counts_in_yuan():
    async with httpx.AsyncClient() as client:
        checkout = SETTINGS.validate_python(ALIPAY).checkout(client)
    assert not checkout.refused_amount(12_340_000, "CNY")
    assert checkout.refused_amount(12_345_000, "CNY")
    assert checkout.refused_amount(12_340_000, "EUR")


def test_an_apps_private_key_is_taken_in_every_form_that_it_is_given_in():
    old = key("our app").private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    for text in (private_pem("our app"), old.decode(), bare(old.decode()), ALIPAY["private_key"]):
        assert SETTINGS.validate_python(ALIPAY | {"private_key": text})
    for wrong in ("", "nonsense", public_pem("our app")):
        with pytest.raises(ValidationError, match="no RSA private key"):
            SETTINGS.validate_python(ALIPAY | {"private_key": wrong})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"page_hosts": []}, "at least 1"),
        ({"page_hosts": ["http://pay.example"]}, "by https only"),
        ({"page_hosts": ["https://pay.example/path"]}, "name a host alone"),
        ({"page_hosts": ["http://*.pay.example"]}, "by https only"),
        ({"page_hosts": ["pay.*.example"]}, "name a host alone"),
        ({"labels": {"en": "Wallet"}}, "at least 2"),
        ({"body": {"order": "{request_id}", "x": "{reference}"}}, "reference"),
        ({"body": {"amount": "{amount}"}}, "names no {request_id}"),
        ({"url": "ftp://x"}, "https or http URL"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        SETTINGS.validate_python(JSON | wrong)


@pytest.mark.parametrize(
    "host", ["pay.example", "https://pay.example", "http://127.0.0.1:81", "*.pay.example"]
)
def test_a_host_may_be_written_with_its_scheme(host):
    assert SETTINGS.validate_python(JSON | {"page_hosts": [host]})


async def test_a_host_of_other_letters_is_named_as_headers_can_hold_it():
    settings = JSON | {"page_hosts": ["https://xn--fiqs8s.example"]}
    found, _ = await ask(settings, (200, {"data": {"page": "https://中国.example/1"}}))
    assert found == PageReady("https://xn--fiqs8s.example/1")
    async with httpx.AsyncClient() as client:
        origins = SETTINGS.validate_python(settings).checkout(client).page_origins
    policy = page_headers(language="en", page_origins=origins)["Content-Security-Policy"]
    assert "https://xn--fiqs8s.example" in policy
    assert policy.isascii()
