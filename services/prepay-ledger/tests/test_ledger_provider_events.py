"""What signed events of each kind of provider tell: tables of theirs, and any value anywhere."""

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_providers import (
    MERCHANT_ID,
    ledger_settings,
    notice,
    sealed,
    stripe_event,
    transaction,
)

from prepay_ledger.providers.amounts import micro_of_decimal, micro_of_minor
from prepay_ledger.providers.values import Kind, Other, Told, Unreadable

PROVIDERS = {name: each.provider() for name, each in ledger_settings().payment_providers.items()}
META = {"account_number": "1001"}
MONEY = {"currency": "cny", "metadata": META}


def stripe(kind, **fields):
    event = stripe_event(kind, **(MONEY | fields))
    return PROVIDERS["cards"].read(json.dumps(event).encode())


def intent(**fields):
    return {"id": "pi_1", "amount": 1250, "amount_received": 1250} | fields


def charge(**fields):
    return {"id": "ch_1", "amount": 1250, "payment_intent": "pi_1"} | fields


def refund(**fields):
    return {"id": "re_1", "amount": 500, "payment_intent": "pi_1", "status": "succeeded"} | fields


def dispute(**fields):
    return {"id": "dp_1", "amount": 1250, "payment_intent": "pi_1", "status": "lost"} | fields


STRIPE = [
    ("payment_intent.succeeded", intent(), Kind.PAID, "pi_1", 12_500_000),
    ("payment_intent.succeeded", intent(amount_received=900), Kind.PAID, "pi_1", 9_000_000),
    ("charge.succeeded", charge(), Kind.PAID, "pi_1", 12_500_000),
    ("charge.captured", charge(amount_captured=700), Kind.PAID, "pi_1", 7_000_000),
    ("payment_intent.payment_failed", intent(), Kind.FAILED, "pi_1", 12_500_000),
    ("charge.failed", charge(), Kind.FAILED, "ch_1", 12_500_000),
    ("refund.created", refund(), Kind.REFUNDED, "re_1", 5_000_000),
    ("refund.updated", refund(), Kind.REFUNDED, "re_1", 5_000_000),
    ("charge.refund.updated", refund(), Kind.REFUNDED, "re_1", 5_000_000),
    ("refund.failed", refund(status="failed"), Kind.REFUND_FAILED, "re_1", 5_000_000),
    ("refund.updated", refund(status="canceled"), Kind.REFUND_FAILED, "re_1", 5_000_000),
    ("charge.dispute.created", dispute(status="needs_response"), Kind.DISPUTED, "dp_1", 12_500_000),
    ("charge.dispute.funds_withdrawn", dispute(), Kind.DISPUTED, "dp_1", 12_500_000),
    ("charge.dispute.funds_reinstated", dispute(), Kind.DISPUTE_WON, "dp_1", 12_500_000),
    ("charge.dispute.closed", dispute(status="won"), Kind.DISPUTE_WON, "dp_1", 12_500_000),
    ("charge.dispute.closed", dispute(), Kind.DISPUTE_LOST, "dp_1", 12_500_000),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "told", "movement", "micro"), STRIPE)
def test_what_stripe_tells(kind, fields, told, movement, micro):
    assert stripe(kind, **fields) == Told(
        kind=told,
        type=kind,
        payment_id="pi_1",
        movement_id=movement,
        account_number="1001",
        amount_micro=micro,
        currency="CNY",
        at=datetime.fromtimestamp(1_790_000_000, UTC),
    )


def test_a_charge_of_stripe_without_an_intent_is_its_own_payment():
    told = stripe("charge.succeeded", **charge(payment_intent=None), metadata={})
    assert isinstance(told, Told)
    assert (told.payment_id, told.movement_id, told.account_number) == ("ch_1", "ch_1", "")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("charge.succeeded", charge(captured=False)),
        ("charge.refunded", charge()),
        ("refund.created", refund(status="pending")),
        ("charge.dispute.created", dispute(status="warning_needs_response")),
        ("charge.dispute.closed", dispute(status="warning_closed")),
        ("customer.created", {"id": "cus_1"}),
        ("checkout.session.completed", {"id": "cs_1"}),
    ],
)
def test_what_moves_no_money_at_stripe_is_kept(kind, fields):
    assert isinstance(stripe(kind, **fields), Other)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"amount_received": 0}, "amount_micro"),
        ({"amount_received": -5}, "amount_micro"),
        ({"amount_received": 10**400}, "amount_micro"),
        ({"amount_received": 10**12}, "amount_micro"),
        ({"amount_received": 12.5}, "amount_received"),
        ({"amount_received": "1250"}, "amount_received"),
        ({"amount_received": True}, "amount_received"),
        ({"currency": "¥¥¥"}, "currency"),
        ({"currency": None}, "currency"),
        ({"id": ""}, "id"),
        ({"id": "x" * 300}, "id"),
        ({"metadata": {"account_number": 1001}}, "metadata"),
        ({"metadata": {"account_number": "x\0"}}, "account_number"),
    ],
)
def test_a_field_of_stripe_that_is_wrong_is_named(fields, says):
    read = stripe("payment_intent.succeeded", **(intent() | fields))
    assert isinstance(read, Unreadable), read
    assert says in read.reason
    assert len(read.reason) <= 1_000


@pytest.mark.parametrize(
    ("amount", "currency", "micro"),
    [
        (1250, "USD", 12_500_000),
        (1250, "CNY", 12_500_000),
        (1250, "JPY", 1_250_000_000),
        (1250, "XOF", 1_250_000_000),
        (1250, "KWD", 1_250_000),
        (1250, "TND", 1_250_000),
        (500, "UGX", 5_000_000),
        (500, "ISK", 5_000_000),
    ],
)
def test_minor_units(amount, currency, micro):
    assert micro_of_minor(amount, currency) == micro


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("12.50", 12_500_000),
        ("0.01", 10_000),
        ("88", 88_000_000),
        ("0", 0),
        ("1.000001", 1_000_001),
        ("1.0000001", None),
        ("-1", None),
        ("1,000.00", None),
        ("1e3", None),
        (" 1", None),
        ("", None),
        (".5", None),
        ("5.", None),
        ("\u0661", None),
        ("9" * 400, None),
        ("NaN", None),
    ],
)
def test_decimal_text(text, micro):
    assert micro_of_decimal(text) == micro


def wechat(resource, kind="TRANSACTION.SUCCESS", **more):
    provider = PROVIDERS["wechat"]
    return provider.read(provider.opened(sealed(resource, kind=kind, **more)))


def refund_notice(**fields):
    return {
        "mchid": MERCHANT_ID,
        "transaction_id": "1217",
        "out_trade_no": "1001_1",
        "refund_id": "50200",
        "refund_status": "SUCCESS",
        "success_time": "2026-11-28T17:30:00+08:00",
        "amount": {"total": 1250, "refund": 300, "payer_total": 1250, "payer_refund": 300},
    } | fields


WECHAT = {
    "paid": (transaction(), "TRANSACTION.SUCCESS", Kind.PAID, "1001", 12_500_000),
    "attach": (transaction(attach="7 7"), "TRANSACTION.SUCCESS", Kind.PAID, "7 7", 12_500_000),
    "no number": (transaction(out_trade_no="77"), "TRANSACTION.SUCCESS", Kind.PAID, "", 12_500_000),
    "an underscore in it": (
        transaction(out_trade_no="a_1_9"), "TRANSACTION.SUCCESS", Kind.PAID, "a_1", 12_500_000
    ),
    "revoked": (
        transaction(trade_state="REVOKED"), "TRANSACTION.SUCCESS", Kind.REVERSED, "1001", 12_500_000
    ),
    "failed": (
        transaction(trade_state="PAYERROR"), "TRANSACTION.FAIL", Kind.FAILED, "1001", 12_500_000
    ),
    "refunded": (refund_notice(), "REFUND.SUCCESS", Kind.REFUNDED, "", 3_000_000),
    "refund closed": (
        refund_notice(refund_status="CLOSED"), "REFUND.CLOSED", Kind.REFUND_FAILED, "", 3_000_000
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "kind", "told", "number", "micro"), WECHAT.values(), ids=WECHAT
)
def test_what_wechat_pay_tells(resource, kind, told, number, micro):
    read = wechat(resource, kind)
    assert isinstance(read, Told), read
    assert (read.kind, read.account_number, read.amount_micro) == (told, number, micro)
    assert read.at == datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (transaction(mchid="1"), "merchant '1'"),
        (transaction(amount={"total": 0}), "amount_micro"),
        (transaction(amount={"total": 10**30}), "amount_micro"),
        (transaction(amount={"total": 12.5}), "amount/total"),
        (transaction(amount={}), "amount/total"),
        (transaction(transaction_id=5), "transaction_id"),
        (refund_notice(), "trade_state"),
        ([1], "resource"),
        (b"\xff", "APIv3 keys"),
        (b"[" * 9_000, "APIv3 keys"),
        (b"1" * 5_000, "APIv3 keys"),
    ],
)
def test_a_resource_that_is_wrong_is_named(resource, says):
    read = wechat(resource)
    assert isinstance(read, Unreadable), read
    assert says in read.reason


def test_a_notice_that_no_key_opens_is_kept_and_says_so():
    read = wechat(transaction(), api_v3_key="x" * 32)
    assert isinstance(read, Unreadable)
    assert "APIv3 keys" in read.reason


def test_a_refund_that_the_merchant_has_to_complete_is_kept():
    assert isinstance(wechat(refund_notice(refund_status="ABNORMAL"), "REFUND.ABNORMAL"), Other)


@pytest.mark.parametrize("state", ["NOTPAY", "USERPAYING", "x" * 100])
def test_a_trade_that_is_not_paid_is_kept(state):
    assert isinstance(wechat(transaction(trade_state=state)), Other)


def alipay(**fields):
    return PROVIDERS["alipay"].read(urlencode(notice(**fields)).encode())


REFUND = {"gmt_refund": "2026-11-28 18:00:00.123", "refund_fee": "3.00", "out_biz_no": "R1"}
TRADE = "2026112822001404330000121536"
ALIPAY = {
    "success": ({}, Kind.PAID, TRADE, 12_500_000),
    "finished": ({"trade_status": "TRADE_FINISHED"}, Kind.PAID, TRADE, 12_500_000),
    "finished after a refund": (
        REFUND | {"trade_status": "TRADE_FINISHED"}, Kind.PAID, TRADE, 12_500_000
    ),
    "refunded in part": (REFUND, Kind.REFUNDED, "R1", 3_000_000),
    "refunded whole": (
        REFUND | {"trade_status": "TRADE_CLOSED", "refund_fee": "12.5"},
        Kind.REFUNDED, "R1", 12_500_000,
    ),
    "never paid": ({"trade_status": "TRADE_CLOSED"}, Kind.FAILED, TRADE, 12_500_000),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "movement", "micro"), ALIPAY.values(), ids=ALIPAY)
def test_what_alipay_tells(fields, kind, movement, micro):
    told = alipay(**fields)
    assert isinstance(told, Told), told
    assert (told.kind, told.payment_id, told.movement_id) == (kind, TRADE, movement)
    assert (told.amount_micro, told.currency, told.account_number) == (micro, "CNY", "1001")
    assert told.cumulative == (kind is Kind.REFUNDED)
    assert told.at is not None


def test_passback_params_come_encoded_as_they_were_sent():
    told = alipay(passback_params=quote_plus("户号 1"))
    assert isinstance(told, Told)
    assert told.account_number == "户号 1"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"app_id": "2"}, "app_id: '2' is not ours"),
        ({"seller_id": ""}, "seller_id: '' is not ours"),
        ({"total_amount": "12.5.0"}, "total_amount"),
        ({"total_amount": "0.00"}, "amount_micro"),
        ({"total_amount": "9" * 15}, "amount_micro"),
        ({"total_amount": "9" * 400}, "total_amount"),
        ({"trade_no": ""}, "payment_id"),
        ({"trade_no": "\0"}, "payment_id"),
        (REFUND | {"refund_fee": ""}, "refund_fee"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(fields, says):
    read = alipay(**fields)
    assert isinstance(read, Unreadable), read
    assert says in read.reason


@pytest.mark.parametrize("fields", [{"trade_status": "WAIT_BUYER_PAY"}, {"trade_status": ""}])
def test_a_notice_of_no_payment_is_kept(fields):
    assert isinstance(alipay(**fields), Other)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3),
    max_leaves=6,
)


@given(ANYTHING, st.sampled_from(["id", "amount_received", "currency", "metadata", "status"]))
def test_any_value_in_any_field_of_stripe(value, field):
    read = stripe("payment_intent.succeeded", **(intent() | {field: value}))
    assert isinstance(read, Told | Unreadable)


@given(ANYTHING, st.sampled_from(sorted(transaction())))
def test_any_value_in_any_field_of_wechat_pay(value, field):
    assert isinstance(wechat(transaction(**{field: value})), Told | Unreadable | Other)


@given(st.text(max_size=60), st.sampled_from(sorted(notice())))
def test_any_text_in_any_parameter_of_alipay(value, field):
    body = urlencode(notice() | {field: value}, errors="replace").encode()
    assert isinstance(PROVIDERS["alipay"].read(body), Told | Unreadable | Other)
