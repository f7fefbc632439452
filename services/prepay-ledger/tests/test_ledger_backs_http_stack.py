"""Money goes back to its payment on the running ledger, killed as the provider gives it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from ledger_asked import OwnLedger, nothing
from ledger_giving import Giver, giver
from ledger_vending import MICRO, refusal
from test_ledger_proposals_stack import WHY
from test_ledger_refunds_http_stack import moved_out

from prewatt_devstack.ports import free_ports
from prewatt_devstack.services import WEBHOOK_PROVIDER

pytestmark = pytest.mark.stack

NAME = "ledger-giving"


@dataclass
class GivingLedger(OwnLedger):
    """A ledger that asks a provider to give back, beside the one of the other tests."""

    name = NAME
    giver: Giver

    async def orders(self, account: dict[str, Any], **body: Any) -> Any:
        return await self.api.post(
            f"/v1/accounts/{account['id']}/refunds",
            json={"way": "provider", **body} | WHY,
            headers={"idempotency-key": str(uuid4())},
        )

    async def until(self, refund: dict[str, Any], state: str) -> dict[str, Any]:
        """The refund, once its provider is so far."""

        async def there() -> dict[str, Any] | None:
            found = (await self.ledger.api.get(f"/v1/refunds/{refund['id']}")).json()
            return found if found["provider_state"] == state else None

        return await self.ledger.until(there, what=f"a refund that is {state}")


@asynccontextmanager
async def giving_ledger(ledger: Any, provider: Giver) -> AsyncGenerator[GivingLedger]:
    (port,) = free_ports(1)
    env = ledger.stack.service_env("prepay-ledger") | {
        "PREWATT_HTTP_PORT": str(port),
        "PREWATT_INSTANCE_ID": NAME,
        "PREWATT_REFUNDERS": json.dumps({WEBHOOK_PROVIDER: provider.settings()}),
    }
    url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
    async with ledger.http("ledger:read", "ledger:write") as api:
        api.base_url = url
        yield GivingLedger(ledger, env, url, api, provider)


@pytest.fixture
async def giving(ledger: Any) -> AsyncGenerator[GivingLedger]:
    async with giver() as provider, giving_ledger(ledger, provider) as made:
        await made.start()
        yield made
        await asyncio.to_thread(ledger.stack.stop, NAME)


async def test_a_ledger_that_is_killed_as_the_money_goes_asks_the_same_again(
    giving: GivingLedger,
) -> None:
    ledger, provider = giving.ledger, giving.giver
    account = await moved_out(ledger, 50 * MICRO)
    of_account = await ledger.api.get(f"/v1/payments?account_id={account['id']}")
    (payment,) = of_account.json()["items"]
    micro = (await ledger.account(account))["balance_micro"]
    odd = await giving.orders(account, amount_micro=micro, holder="n", payment=payment["id"])
    assert odd.status_code == 422, odd.text
    nobody = await giving.orders(account, amount_micro=micro, payment=str(uuid4()))
    assert refusal(nobody) == (409, "refund-refused")

    async def killed() -> None:
        provider.before_answer = nothing
        await giving.kill()

    provider.before_answer = killed
    ordered = await giving.orders(account, amount_micro=micro, payment=payment["id"])
    assert ordered.status_code == 201, ordered.text
    refund = ordered.json()
    assert (refund["provider_state"], refund["payment"]) == ("requested", payment["id"])
    await giving.until(refund, "sending")

    async def dead() -> bool:
        return not ledger.stack.running(NAME)

    await ledger.until(dead, what="the ledger is dead")
    await giving.start()
    await giving.until(refund, "accepted")
    assert provider.calls == [refund["id"]] * 2
    assert list(provider.given) == [refund["id"]]
    event = {
        "type": "payment.refunded",
        "timestamp": "2026-03-01T08:00:00Z",
        "data": {
            "payment_id": payment["payment_id"],
            "movement_id": provider.given[refund["id"]][1],
            "account_number": "",
            "amount_micro": micro,
            "currency": payment["currency"],
            "request_id": refund["id"],
        },
    }
    for repeated in (False, True):
        told = (await ledger.deliver(event)).json()
        assert (told["repeated"], told["balance_micro"]) == (repeated, 0), told
    assert (await giving.until(refund, "done"))["state"] == "paid"
    await ledger.sums_to_zero()
