"""Whoever asks a provider for a page is whom its webhook takes money for, as far as both say."""

from typing import Any

import pytest
from ledger_providers import APP_ID, ledger_settings, private_pem
from ledger_wechat import WeChat
from pydantic import ValidationError

NOTIFY = "https://ledger.example/v1/webhooks/payments/x"
ALIPAY = {
    "kind": "alipay", "app_id": APP_ID, "private_key": private_pem("our app"), "notify_url": NOTIFY,
}  # fmt: skip
STRIPE = {"kind": "stripe", "api_key": "rk_1"}
WECHAT = WeChat(1).settings()
OF_YOURS = {
    "kind": "http-json", "url": "https://api.example/orders", "page_hosts": ["pay.example"],
    "labels": {"en": "W", "zh-CN": "W"}, "body": {"order": "{request_id}"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "checkout"),
    [
        ("alipay", ALIPAY),
        ("wechat", WECHAT),
        ("cards", STRIPE),
        # Something of yours stands between: it says for whom, if anything does.
        ("alipay", OF_YOURS),
        ("demo", ALIPAY),
        ("demo", STRIPE),
    ],
)
def test_the_same_merchant_is_taken(name: str, checkout: dict[str, Any]) -> None:
    assert name in ledger_settings(checkouts={name: checkout}).checkouts


@pytest.mark.parametrize(
    ("name", "checkout", "why"),
    [
        ("alipay", ALIPAY | {"app_id": "2014"}, "app_id 2014 is not among its webhook's app_ids"),
        (
            "wechat",
            WECHAT | {"merchant_id": "1900"},
            "merchant_id 1900 is not among its webhook's merchant_ids",
        ),
        ("cards", ALIPAY, "it is of kind alipay, and its webhook of kind stripe"),
        ("alipay", STRIPE, "it is of kind stripe, and its webhook of kind alipay"),
        ("alipay", WECHAT, "it is of kind wechat-pay, and its webhook of kind alipay"),
    ],
)
def test_another_merchant_is_refused_at_the_start(
    name: str, checkout: dict[str, Any], why: str
) -> None:
    says = f"checkout {name}: what is paid there would be refused here: {why}"
    with pytest.raises(ValidationError, match=says):
        ledger_settings(checkouts={name: checkout})
