"""An order at WeChat Pay: signed by the merchant, its answer by WeChat Pay, and its code on a page
of ours."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from ledger_providers import MERCHANT_ID, PUBLIC_KEY_IDS, certificate, key, transaction
from ledger_wechat import H5_PAGE, SERIAL, WeChat, wechat_pay
from pydantic import TypeAdapter, ValidationError
from wechatpayv3.utils import build_authorization

from prepay_ledger.checkouts.configured import ConfiguredCheckout
from prepay_ledger.checkouts.values import CheckoutRequest, Declined, PageReady
from prepay_ledger.pay_links.draw_page import DrawPage
from prepay_ledger.pay_links.page_answers import how_it_stands
from prepay_ledger.pay_links.values import Attempt, AttemptState
from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.values import Told
from prepay_ledger.providers.wechat_pay_events import read_event
from prepay_ledger.providers.wechat_pay_signatures import WeChatPayMerchant

SETTINGS = TypeAdapter(ConfiguredCheckout)
REQUEST = CheckoutRequest(
    id=UUID("01978a3c-5f1e-7000-8000-000000000001"),
    account_number="000000017",
    amount_micro=12_340_000,
    currency="CNY",
    title="交电费 – Ube",
    language="zh-CN",
    return_url="https://pay.example/p/t/done?payment=1&lang=zh-CN",
    cancel_url="https://pay.example/p/t?lang=zh-CN",
    begun_at=datetime(2026, 3, 1, 8, tzinfo=UTC),
)
CODE = "weixin://wxpay/bizpayurl?pr=1"


@pytest.fixture
async def wechat() -> AsyncGenerator[WeChat]:
    async with wechat_pay() as peer:
        yield peer


async def begun(wechat: WeChat, request: CheckoutRequest = REQUEST, **more: object):
    async with make_client() as client:
        return (
            await SETTINGS.validate_python(wechat.settings(**more)).checkout(client).begin(request)
        )


async def test_an_order_is_signed_and_the_same_each_time(wechat: WeChat) -> None:
    assert [await begun(wechat) for _ in range(2)] == [PageReady(CODE)] * 2
    assert len(set(wechat.nonces)) == 2
    assert wechat.asked_for == PUBLIC_KEY_IDS[0]
    ((number, body),) = wechat.orders.items()
    assert number == REQUEST.id.hex
    assert json.loads(body) == {
        "appid": "wx8888888888888888",
        "mchid": MERCHANT_ID,
        "description": "交电费 – Ube",
        "out_trade_no": REQUEST.id.hex,
        "time_expire": "2026-03-01T18:00:00+08:00",
        "attach": "000000017",
        "notify_url": "https://pay.example/v1/webhooks/payments/wechat",
        "amount": {"total": 1234, "currency": "CNY"},
    }


async def test_a_page_of_h5_opens_wechat_and_leads_back(wechat: WeChat) -> None:
    request = replace(REQUEST, payer_address="203.0.113.9")
    found = await begun(wechat, request, product="h5")
    assert isinstance(found, PageReady)
    url = httpx.URL(found.url)
    assert str(url.copy_with(query=None)) == H5_PAGE
    assert dict(url.params) == {"prepay_id": "wx1", "redirect_url": REQUEST.return_url}
    (body,) = wechat.orders.values()
    assert json.loads(body)["scene_info"] == {
        "payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"},
    }  # fmt: skip
    assert await begun(wechat, request, product="h5") == found


@pytest.mark.parametrize(
    "says",
    [
        {"h5_url": "https://evil.example/checkmweb?prepay_id=wx1"},
        {"h5_url": "http://wx.tenpay.com/"},
        {"h5_url": "weixin://wxpay/bizpayurl?pr=1"},
        {"code_url": CODE},
        {},
    ],
)
async def test_a_page_elsewhere_is_none(wechat: WeChat, says: dict[str, str]) -> None:
    wechat.says = (200, says)
    assert isinstance(await begun(wechat, product="h5"), NoAnswer)


async def test_payers_are_sent_to_pages_of_h5_alone(wechat: WeChat) -> None:
    async with make_client() as client:
        origins = {
            product: SETTINGS.validate_python(wechat.settings(product=product))
            .checkout(client)
            .page_origins
            for product in ("native", "h5")
        }
    assert origins == {"native": (), "h5": ("https://wx.tenpay.com",)}


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ((403, {"code": "RULE_LIMIT"}), Declined("RULE_LIMIT")),
        ((400, {"code": "ORDER_CLOSED"}), Declined("ORDER_CLOSED")),
        ((400, {"code": "ORDERPAID"}), None),
        ((400, {"code": "PARAM_ERROR"}), None),
        ((401, {"code": "SIGN_ERROR"}), None),
        ((429, {"code": "FREQUENCY_LIMITED"}), None),
        ((500, {"code": "SYSTEM_ERROR"}), None),
        ((200, {"code_url": "https://evil.example/"}), None),
        ((200, {"code_url": "weixin://" + "x" * 600}), None),
        ((200, {"code_url": 5}), None),
        ((200, {}), None),
    ],
)
async def test_what_its_answers_mean(wechat: WeChat, says, expected) -> None:
    wechat.says = says
    found = await begun(wechat)
    if expected is None:
        assert isinstance(found, NoAnswer)
        assert found.is_there is (says[0] < 500)
    else:
        assert found == expected


@pytest.mark.parametrize("says", [None, (403, {"code": "RULE_LIMIT"})])
async def test_what_somebody_else_has_signed_is_no_answer(wechat: WeChat, says) -> None:
    wechat.signs_by, wechat.says = "somebody", says
    assert await begun(wechat) == NoAnswer("the answer is not signed by WeChat Pay", is_there=True)


async def test_a_merchant_that_signs_by_another_key_is_told_no(wechat: WeChat) -> None:
    assert isinstance(await begun(wechat, merchant_id="1900000110"), NoAnswer)
    assert wechat.orders == {}


async def test_nobody_there_counts_as_down(wechat: WeChat) -> None:
    found = await begun(wechat, url="http://127.0.0.1:9/v3/pay/transactions/native")
    assert isinstance(found, NoAnswer)
    assert not found.is_there


def test_it_signs_as_the_library_does() -> None:
    merchant = WeChatPayMerchant(merchant_id=MERCHANT_ID, serial=SERIAL, key=key("merchant"))
    body = {"out_trade_no": "1", "attach": "电"}
    target = "/v3/pay/transactions/native?x=1"
    theirs = build_authorization(
        target, "POST", MERCHANT_ID, SERIAL, key("merchant"), body, nonce_str="n1"
    )
    at = int(theirs.partition('timestamp="')[2].partition('"')[0])
    ours = merchant.authorization(
        method="POST", target=target, body=json.dumps(body).encode(), nonce="n1",
        now=datetime.fromtimestamp(at, UTC),
    )  # fmt: skip
    assert ours == theirs


@pytest.mark.parametrize(
    ("micro", "currency", "refused"),
    [(10_000, "CNY", False), (10_001, "CNY", True), (10_000, "EUR", True)],
)
def test_it_takes_whole_fen(micro: int, currency: str, refused: bool) -> None:
    checkout = SETTINGS.validate_python(WeChat(9).settings()).checkout(None)  # type: ignore[arg-type]
    assert checkout.refused_amount(micro, currency) is refused


@pytest.mark.parametrize(
    "more",
    [
        {"public_keys": {}},
        {"private_key": "no key"},
        {"serial_no": "x y"},
        {"public_keys": {PUBLIC_KEY_IDS[0]: "no key"}},
    ],
)
def test_what_could_not_work_is_refused_at_the_start(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SETTINGS.validate_python(WeChat(9).settings(**more))


def test_certificates_will_do_too() -> None:
    more = {"public_keys": {}, "certificates": [certificate("wechat platform")[0]]}
    assert SETTINGS.validate_python(WeChat(9).settings(**more))


def test_its_webhook_names_the_request() -> None:
    paid = transaction(out_trade_no=REQUEST.id.hex, attach="000000017")
    plain = json.dumps({"event_type": "TRANSACTION.SUCCESS", "resource": paid}).encode()
    read = read_event(plain, merchant_ids=frozenset({MERCHANT_ID}))
    assert isinstance(read, Told)
    assert (read.request_id, read.account_number) == (str(REQUEST.id), "000000017")


ATTEMPT = Attempt(
    id=REQUEST.id, link_id=UUID(int=1), nonce="n", provider="wechat", amount_micro=12_340_000,
    currency="CNY", language="zh-CN", state=AttemptState.AT_PROVIDER, page_url=CODE, code="",
    payment_id="", paid_micro=None, begun_at=REQUEST.begun_at, closed_at=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "Scan to pay CNY 12.34"), ("zh-CN", "扫码支付 12.34 元")]
)
def test_the_code_stands_on_a_page_of_ours(language: str, heading: str) -> None:
    draw = DrawPage(utility="U", ways={})
    now = ATTEMPT.begun_at + timedelta(minutes=1)
    shown = how_it_stands(ATTEMPT, "t", language=language, may_pay=True, now=now)
    page = draw.message(shown, language=language)
    assert heading in page
    assert page.count("<svg") == 2  # the mark at the head, and the code
    assert CODE not in page
    assert "<script" not in page
    assert "style=" not in page
    for state in (AttemptState.PAID, AttemptState.FAILED):
        closed = replace(ATTEMPT, state=state)
        ended = draw.message(
            how_it_stands(closed, "t", language=language, may_pay=True, now=now), language=language
        )
        assert ended.count("<svg") == 1


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("may_pay", [True, False])
def test_a_code_that_is_over_is_shown_no_more(language: str, may_pay: bool) -> None:
    over = ATTEMPT.begun_at + timedelta(hours=2)
    shown = how_it_stands(ATTEMPT, "t", language=language, may_pay=may_pay, now=over)
    assert shown.code == ""
    assert [name for name, _ in shown.links] == ["look_again", "try_again"][: 1 + may_pay]
    page = DrawPage(utility="U", ways={}).message(shown, language=language)
    assert page.count("<svg") == 1
