"""A payer scans a code of WeChat Pay on a page of the running ledger; its webhook brings money."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from ledger_paying import LINK_KEYS, Paying, payer
from ledger_providers import sealed, settings_documents, transaction, wechat_call
from ledger_wechat import WeChat, wechat_pay

from prewatt_devstack.ports import free_ports

pytestmark = pytest.mark.stack
MICRO = 1_000_000


class Scanning(Paying):
    """A ledger whose payers pay by WeChat."""

    name = "ledger-scanning"


@pytest.fixture
async def wechat() -> AsyncGenerator[WeChat]:
    async with wechat_pay() as peer:
        yield peer


@pytest.fixture
async def scanning(ledger: Any, wechat: WeChat) -> AsyncGenerator[Scanning]:
    (port,) = free_ports(1)
    async with ledger.http("ledger:read", "ledger:write", "ledger:pay-links") as api:
        env = ledger.stack.service_env("prepay-ledger") | {
            "PREWATT_HTTP_PORT": str(port),
            "PREWATT_INSTANCE_ID": Scanning.name,
            "PREWATT_PAY_LINK_KEYS": json.dumps(LINK_KEYS),
            "PREWATT_PAYMENT_PROVIDERS": json.dumps({"wechat": settings_documents()["wechat"]}),
            "PREWATT_CHECKOUTS": json.dumps({"wechat": wechat.settings()}),
        }
        url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
        env["PREWATT_PUBLIC_BASE_URL"] = url
        api.base_url = url
        made = Scanning(ledger, env, url, api, None)  # type: ignore[arg-type]
        await made.start()
        yield made
        await asyncio.to_thread(ledger.stack.stop, Scanning.name)


async def test_a_payer_scans_a_code_and_the_webhook_brings_the_money(
    scanning: Scanning, wechat: WeChat
) -> None:
    account, _ = await scanning.ledger.household(paid_micro=5 * MICRO)
    link = await scanning.link(account)
    somebody = payer(link)
    form = await somebody.form() | {"way": "wechat"}
    for _ in range(2):  # the same form is the same order
        sent = await somebody.sends(form, amount=str(50 * MICRO))
        assert sent.status_code == 303, sent.text
        page = await somebody.http.get(f"{scanning.url}{sent.headers['location']}")
        assert "Scan to pay CNY 50" in page.text
        assert "<svg" in page.text
    ((number, body),) = wechat.orders.items()
    paid = transaction(
        out_trade_no=number,
        attach=json.loads(body)["attach"],
        amount={"total": 5_000, "currency": "CNY"},
    )
    call = wechat_call(sealed(paid))
    told = await somebody.http.post(
        f"{scanning.url}/v1/webhooks/payments/wechat", content=call.body, headers=call.headers
    )
    assert told.status_code == 200, told.text
    page = await somebody.http.get(f"{scanning.url}{sent.headers['location']}")
    assert "CNY 50 has come in" in page.text
    (kept,) = await scanning.payments(link)
    assert (kept["state"], kept["paid_micro"]) == ("paid", 50 * MICRO)
    assert (await scanning.ledger.account(account))["balance_micro"] == 55 * MICRO
