"""Refunds at Alipay and WeChat Pay: signed both ways, and what their answers mean."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import pytest
from alipay import AliPay
from ledger_giving import REQUEST, SETTINGS, ask, through
from ledger_providers import (
    APP_ID,
    MERCHANT_ID,
    SELLER_ID,
    alipay_call,
    bare,
    key,
    notice,
    private_pem,
    public_pem,
)
from ledger_wechat import WeChat, wechat_pay

from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.payments.take_movement import movement_of
from prepay_ledger.payments.taken_back import Movement, taken_back
from prepay_ledger.providers.alipay_events import read_notice
from prepay_ledger.providers.rsa_keys import signature_of
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.providers.wechat_pay_events import read_event as read_wechat
from prepay_ledger.refunders.values import BackRequest, NotGiven, Taken, given_back

TRADE = replace(REQUEST, payment_id="2026112822001")
ALIPAY = {
    "kind": "alipay",
    "app_id": APP_ID,
    "private_key": bare(private_pem("merchant")),
    "public_keys": [public_pem("alipay old"), bare(public_pem("alipay new"))],
}


def alipay_answer(method: str, *, by: str = "alipay new", **fields: str) -> bytes:
    """Signed over what stands there, byte for byte; with a space that a reader would not write."""
    said = json.dumps(fields, ensure_ascii=False, separators=(",", ": "))
    sign = signature_of(key(by), said.encode())
    return f'{{"alipay_{method}_response":{said},"sign":"{sign}"}}'.encode()


def refunded(**fields: str) -> bytes:
    return alipay_answer(
        "trade_refund",
        **{
            "code": "10000", "msg": "Success", "trade_no": TRADE.payment_id, "fund_change": "Y",
            "refund_fee": "30.00", "buyer_logon_id": "张***@example.com",
        } | fields,
    )  # fmt: skip


def queried(**fields: str) -> bytes:
    return alipay_answer(
        "trade_fastpay_refund_query",
        **{
            "code": "10000", "out_request_no": TRADE.id.hex, "refund_amount": "12.34",
            "refund_status": "REFUND_SUCCESS",
        } | fields,
    )  # fmt: skip


async def test_alipays_answer_is_what_its_notice_tells():
    found, (sent,) = await ask(ALIPAY, refunded(), request=TRADE)
    form = notice(
        trade_no=TRADE.payment_id, out_biz_no=TRADE.id.hex, refund_fee="30.00",
        gmt_refund="2026-11-28 18:30:00.123", out_trade_no="000000017_1",
    )  # fmt: skip
    told = read_notice(
        alipay_call(form).body, app_ids=frozenset([APP_ID]), seller_ids=frozenset([SELLER_ID])
    )
    assert isinstance(told, Told), told
    assert movement_of(through(found)) == movement_of(told)
    assert (told.request_id, told.cumulative) == (str(TRADE.id), True)
    parameters = dict(parse_qsl(sent.content.decode()))
    assert parameters["method"] == "alipay.trade.refund"
    assert json.loads(parameters["biz_content"]) == {
        "trade_no": TRADE.payment_id, "refund_amount": "12.34", "out_request_no": TRADE.id.hex,
    }  # fmt: skip
    library = AliPay(
        appid=APP_ID, app_private_key_string=private_pem("merchant"),
        alipay_public_key_string=public_pem("merchant"), sign_type="RSA2",
    )  # fmt: skip
    sign = parameters.pop("sign")
    signed = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    assert library._verify(signed, sign)


@pytest.mark.parametrize("fee", ["30.00", "12.34", "1.00", ""])
async def test_what_alipay_has_done_before_is_looked_up(fee):
    """And told with what went back before it: alone it would be less than that, which would seem to
    have come back."""
    answers = refunded(fund_change="N", refund_fee=fee), queried()
    found, sent = await ask(ALIPAY, *answers, request=TRADE)
    assert len(sent) == 2
    is_total = fee in {"30.00", "12.34"}
    micro = 30_000_000 if fee == "30.00" else 12_340_000
    told = through(found)
    assert (told.movement_id, told.amount_micro) == (TRADE.id.hex, micro)
    assert told.cumulative is is_total
    before = Movement(
        kind=Kind.REFUNDED, movement_id="by-hand", amount_micro=17_660_000, currency="CNY",
        is_total=True,
    )  # fmt: skip
    after = taken_back([before, movement_of(told)], paid_micro=TRADE.paid_micro)
    assert fee != "30.00" or after.amount_micro == 30_000_000


async def test_alipay_looked_at_later_tells_the_refund_alone():
    found, _ = await ask(ALIPAY, queried(), request=TRADE, look=True)
    assert (through(found).amount_micro, through(found).cumulative) == (12_340_000, False)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([refunded(code="40004", sub_code="ACQ.TRADE_HAS_FINISHED")],
         NotGiven("ACQ.TRADE_HAS_FINISHED")),
        ([refunded(code="40004", sub_code="ACQ.SELLER_BALANCE_NOT_ENOUGH")], None),
        ([refunded(code="20000", sub_code="isp.unknow-error")], None),
        ([refunded(fund_change="N"), queried(refund_status="")], Taken(TRADE.id.hex)),
        ([refunded(fund_change="N"), queried(code="40004", sub_code="ACQ.SYSTEM_ERROR")], None),
        ([refunded(fund_change="N"), queried(refund_amount="12.35")],
         given_back(TRADE, TRADE.id.hex, amount_micro=12_350_000)),
        ([refunded(fund_change="N"), queried(refund_amount="0.00")], None),
        ([refunded(fund_change="N"), queried(out_request_no="other")], None),
        ([refunded(trade_no="other")], None),
        ([refunded(refund_fee="12.33")], None),
        ([refunded(refund_fee="much")], None),
        ([refunded().replace(b"30.00", b"31.00")], None),
        ([refunded().replace(b'"alipay_trade_refund', b'"alipay_trade_other')], None),
        ([alipay_answer("trade_refund", by="merchant", code="10000", fund_change="Y",
                        trade_no=TRADE.payment_id, refund_fee="30.00")], None),
        ([b'{"alipay_trade_refund_response":{"code":"10000"}}'], None),
        ([b'{"note":"\\"alipay_trade_refund_response\\":{}"}'], None),
        ([b"\xff"], None),
        ([b"[]"], None),
        ([(502, {})], None),
        ([httpx.ConnectError("no")], None),
    ],
)  # fmt: skip
async def test_what_alipays_answers_mean(answers, expected):
    found, _ = await ask(ALIPAY, *answers, request=TRADE)
    assert isinstance(found, NoAnswer) if expected is None else found == expected


@pytest.fixture
async def wechat() -> AsyncGenerator[WeChat]:
    async with wechat_pay() as peer:
        yield peer


async def given(wechat: WeChat, *, look: bool = False, request: BackRequest = TRADE):
    async with make_client() as client:
        refunder = SETTINGS.validate_python(wechat.gives()).refunder(client)
        return await (refunder.look if look else refunder.ask)(request)


async def test_wechat_pay_is_asked_the_same_each_time(wechat: WeChat) -> None:
    assert [await given(wechat) for _ in range(2)] == [Taken("5030")] * 2
    ((number, body),) = wechat.orders.items()
    assert number == TRADE.id.hex
    assert json.loads(body) == {
        "transaction_id": TRADE.payment_id,
        "out_refund_no": TRADE.id.hex,
        "notify_url": "https://pay.example/v1/webhooks/payments/wechat",
        "amount": {"refund": 1234, "total": 5000, "currency": "CNY"},
    }
    wechat.refund_status = "ABNORMAL"
    assert await given(wechat, look=True) == Taken("5030")


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("status", ["SUCCESS", "CLOSED"])
async def test_wechat_pays_answer_is_what_its_notice_tells(
    wechat: WeChat, status: str, look: bool
) -> None:
    await given(wechat)
    wechat.refund_status = status
    found = through(await given(wechat, look=look))
    resource = {
        "mchid": MERCHANT_ID, "transaction_id": TRADE.payment_id, "refund_id": "5030",
        "out_refund_no": TRADE.id.hex, "refund_status": status,
        "amount": {"total": 5000, "refund": 1234},
    }  # fmt: skip
    notified = json.dumps({"event_type": f"REFUND.{status}", "resource": resource}).encode()
    told = read_wechat(notified, merchant_ids=frozenset([MERCHANT_ID]))
    assert isinstance(told, Told), told
    assert movement_of(found) == movement_of(told)
    assert told.request_id == str(TRADE.id)
    assert found.kind is (Kind.REFUNDED if status == "SUCCESS" else Kind.REFUND_FAILED)


OURS = {
    "refund_id": "5030", "out_refund_no": TRADE.id.hex, "status": "SUCCESS",
    "amount": {"refund": 1234, "total": 5000},
}  # fmt: skip


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ((403, {"code": "USER_ACCOUNT_ABNORMAL"}), NotGiven("USER_ACCOUNT_ABNORMAL")),
        ((404, {"code": "RESOURCE_NOT_EXISTS"}), NotGiven("RESOURCE_NOT_EXISTS")),
        ((403, {"code": "NOT_ENOUGH"}), None),
        ((400, {"code": "INVALID_REQUEST"}), None),
        ((429, {"code": "FREQUENCY_LIMITED"}), None),
        ((500, {"code": "SYSTEM_ERROR"}), None),
        ((200, OURS | {"out_refund_no": "other"}), None),
        ((200, OURS | {"amount": {"refund": 0}}), None),
        ((200, OURS | {"amount": 5}), None),
        ((200, OURS | {"status": "LATER"}), None),
        ((200, {}), None),
    ],
)
async def test_what_wechat_pays_answers_mean(wechat: WeChat, says, expected) -> None:
    wechat.says = says
    found = await given(wechat)
    assert isinstance(found, NoAnswer) if expected is None else found == expected


@pytest.mark.parametrize("says", [None, (403, {"code": "USER_ACCOUNT_ABNORMAL"})])
async def test_what_another_key_signed_is_no_answer(wechat: WeChat, says) -> None:
    wechat.signs_by, wechat.says = "merchant", says
    assert isinstance(await given(wechat), NoAnswer)
