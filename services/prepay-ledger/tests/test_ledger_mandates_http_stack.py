"""Automatic top-up on the running ledger: readings, a provider, its webhook, SIGKILL, people."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_asked import Asked, OwnLedger, asked_provider
from ledger_cli import prewatt

from prewatt_devstack.ports import free_ports
from prewatt_devstack.services import WEBHOOK_PROVIDER

pytestmark = pytest.mark.stack

NAME = "ledger-asking"
MICRO = 1_000_000
TERMS: dict[str, Any] = {
    "threshold_micro": 20 * MICRO,
    "amount_micro": 100 * MICRO,
    "month_micro_max": 300 * MICRO,
    "month_requests_max": 3,
    "valid_from": "2026-01-01",
}
CONSENT = {"by": "the customer", "reference": "session-1", "at": "2026-01-01T08:00:00Z"}


@dataclass
class Asking(OwnLedger):
    """A ledger that asks a provider, beside the one of the other tests."""

    name = NAME
    provider: Asked

    async def opens(
        self, account: dict[str, Any], *, key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {
            "account_id": account["id"],
            "provider": WEBHOOK_PROVIDER,
            "reference": f"m-{account['number']}",
            "terms": TERMS,
            "consent": CONSENT,
            "reason": "test",
        } | more
        headers = {"idempotency-key": key or str(uuid4())}
        return await self.api.post("/v1/mandates", json=body, headers=headers)

    async def changes(self, mandate: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"reference": mandate["reference"], "terms": TERMS, "reason": "test"} | more
        return await self.api.put(
            f"/v1/mandates/{mandate['id']}", json=body, headers={"idempotency-key": str(uuid4())}
        )

    async def until(self, account: dict[str, Any], state: str) -> dict[str, Any]:
        """The account's newest request, once it is in that state."""

        async def there() -> dict[str, Any] | None:
            path = f"/v1/top-up-requests?account_id={account['id']}"
            found = (await self.ledger.api.get(path)).json()["items"]
            return found[0] if found and found[0]["state"] == state else None

        return await self.ledger.until(there, what=f"a request that is {state}")


@asynccontextmanager
async def asking_ledger(ledger: Any, provider: Asked) -> AsyncGenerator[Asking]:
    (port,) = free_ports(1)
    env = ledger.stack.service_env("prepay-ledger") | {
        "PREWATT_HTTP_PORT": str(port),
        "PREWATT_INSTANCE_ID": NAME,
        "PREWATT_PAYMENT_REQUESTERS": json.dumps({WEBHOOK_PROVIDER: provider.settings()}),
    }
    url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
    async with ledger.http("ledger:read", "ledger:write") as api:
        api.base_url = url
        yield Asking(ledger, env, url, api, provider)


@pytest.fixture(scope="module")
async def asking(ledger: Any) -> AsyncGenerator[Asking]:
    async with asked_provider() as provider, asking_ledger(ledger, provider) as made:
        await made.start()
        yield made
        await asyncio.to_thread(ledger.stack.stop, NAME)


async def test_readings_ask_for_money_that_comes_by_webhook(
    asking: Asking, kafka_events: Any
) -> None:
    ledger = asking.ledger
    account, meter_id = await ledger.household(paid_micro=30 * MICRO)
    key = str(uuid4())
    opened = await asking.opens(account, key=key)
    assert opened.status_code == 201, opened.text
    again = await asking.opens(account, key=key)
    assert (again.status_code, again.json()) == (200, opened.json())
    await ledger.read((meter_id, 0, 0), (meter_id, 60, 6_000))  # 12 of 30
    request = await asking.until(account, "accepted")
    told = await kafka_events(
        "prewatt.ledger.auto-top-up-requested.v1", account_id=str(account["id"])
    )
    assert (told["request_id"], told["amount_micro"]) == (request["id"], 100 * MICRO)
    body = ledger.payment(
        account["number"],
        100 * MICRO,
        payment_id=request["payment_id"],
        request_id=request["id"],
    )
    answer = await ledger.deliver(body)
    assert answer.json()["outcome"] == "credited", answer.text
    paid = await asking.until(account, "paid")
    assert paid["id"] == request["id"]
    assert (await ledger.account(account))["balance_micro"] == 118 * MICRO


async def test_a_ledger_that_is_killed_as_the_provider_charges_charges_once(
    asking: Asking,
) -> None:
    ledger, provider = asking.ledger, asking.provider
    account, _ = await ledger.household(paid_micro=10 * MICRO)
    before = set(provider.charged)

    async def killed() -> None:
        provider.before_answer = nothing
        await asking.kill()

    async def nothing() -> None: ...

    provider.before_answer = killed
    assert (await asking.opens(account)).status_code == 201
    request = await asking.until(account, "sending")

    async def dead() -> bool:
        return not ledger.stack.running(NAME)

    await ledger.until(dead, what="the ledger is dead")
    await asking.start()
    request = await asking.until(account, "accepted")
    assert set(provider.charged) - before == {request["id"]}
    assert provider.calls.count(request["id"]) == request["sends"] == 2


async def test_a_payment_that_fails_later_is_told_and_tried_on_another_day(
    asking: Asking, kafka_events: Any
) -> None:
    ledger = asking.ledger
    account, _ = await ledger.household(paid_micro=10 * MICRO)
    mandate = (await asking.opens(account)).json()
    request = await asking.until(account, "accepted")
    data = ledger.payment(account["number"], 100 * MICRO)["data"]
    failed = {
        "type": "payment.failed",
        "timestamp": "2026-03-01T08:00:00Z",
        "data": data | {"movement_id": "f-1", "request_id": request["id"]},
    }
    assert (await ledger.deliver(failed)).json()["outcome"] == "not-paid"
    assert (await asking.until(account, "failed"))["closed_at"]
    told = await kafka_events("prewatt.ledger.auto-top-up-failed.v1", account_id=account["id"])
    assert told["retry_on"]

    async def waits() -> bool:
        found = (await ledger.api.get(f"/v1/mandates/{mandate['id']}")).json()
        return found["waits"] == "later-day" and found["failures"] == 1

    await ledger.until(waits, what="the mandate waits for a later day")
    gone = {
        "type": "mandate.revoked",
        "timestamp": "2026-03-01T08:00:00Z",
        "data": {"reference": mandate["reference"]},
    }
    assert (await ledger.deliver(gone)).json()["outcome"] == "mandate-gone"
    told = await kafka_events("prewatt.ledger.mandate-suspended.v1", account_id=account["id"])
    assert told["reason"] == "mandate.revoked"


async def test_what_people_may_not_do_is_refused_in_words(asking: Asking) -> None:
    account, _ = await asking.ledger.household(paid_micro=90 * MICRO)
    for more, status, kind in (
        ({"provider": "nobody"}, 422, "unknown-provider"),
        ({"reference": "4111 1111 1111 1111"}, 422, "invalid-mandate"),
        ({"terms": TERMS | {"amount_micro": 5}}, 422, "invalid-mandate"),
        ({"account_id": str(uuid4())}, 404, "unknown-account"),
    ):
        answer = await asking.opens(account, **more)
        assert answer.status_code == status, answer.text
        assert answer.json()["type"].endswith(kind), answer.text
    key = str(uuid4())
    mandate = (await asking.opens(account, key=key)).json()
    other = await asking.opens(account, key=key, reference="another")
    assert other.json()["type"].endswith("idempotency-key-used")
    assert (await asking.opens(account)).json()["type"].endswith("mandate-exists")
    more_money = TERMS | {"month_micro_max": 301 * MICRO}
    answer = await asking.changes(mandate, terms=more_money)
    assert answer.json()["type"].endswith("needs-consent"), answer.text
    consent = CONSENT | {"reference": f"session-{uuid4()}"}
    answer = await asking.changes(mandate, terms=more_money, consent=consent)
    assert answer.json()["terms"]["month_micro_max"] == 301 * MICRO
    answer = await asking.changes(mandate, terms=TERMS)
    assert answer.status_code == 200, answer.text
    for _ in range(2):
        path = f"/v1/mandates/{mandate['id']}/end"
        answer = await asking.api.post(path, json={"reason": "moves"})
        assert (answer.status_code, answer.json()["state"]) == (200, "ended")
    steps = (await asking.api.get(f"/v1/mandates/{mandate['id']}/steps")).json()["items"]
    assert [each["action"] for each in steps] == ["end", "change", "change", "open"]
    answer = await asking.api.post(f"/v1/top-up-requests/{uuid4()}/close", json={"reason": "r"})
    assert answer.status_code == 404


async def test_the_command_line_opens_shows_changes_and_ends(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = asking.ledger
    account, _ = await ledger.household(paid_micro=90 * MICRO)
    monkeypatch.setenv("PREWATT_LEDGER_URL", asking.url)
    terms = "--threshold 20 --amount 100 --month-amount 300 --month-times 3 --from 2026-01-01"
    consent = ("--consent-by", "Li", "--consent-at", "2026-01-01T08:00:00Z")
    told = ("mandates", "open", account["id"], "--provider", WEBHOOK_PROVIDER, "--reference", "m-9")
    status, said = await prewatt(
        ledger, *told, *terms.split(), *consent, "--consent", "p-1", "--reason", "asked"
    )
    assert status == 0, said
    mandate_id = said.split()[1]
    status, said = await prewatt(ledger, "mandates", "list", "--account", account["id"])
    assert (status, mandate_id in said, "100.00" in said) == (0, True, True), said
    change = ("mandates", "change", mandate_id, "--reason", "called")
    status, said = await prewatt(ledger, *change, "--amount", "150")
    assert (status, said.count("\n"), "has agreed to" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, *change, "--amount", "150", "--consent", "p-2")
    assert (status, said.count("\n"), "--consent-at" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, *change, "--amount", "150", *consent, "--consent", "p-2")
    assert (status, said) == (0, f"mandate {mandate_id} is active\n")
    status, said = await prewatt(ledger, "mandates", "end", mandate_id, "--reason", "moves")
    assert (status, said) == (0, f"mandate {mandate_id} is ended\n")
    status, said = await prewatt(ledger, "mandates", "show", mandate_id)
    assert (status, "ended" in said, "p-2" in said) == (0, True, True), said
    status, said = await prewatt(ledger, "mandates", "requests", "--account", account["id"])
    assert (status, "no such request" in said) == (0, True), said
    status, said = await prewatt(ledger, "mandates", "close", uuid4(), "--reason", "r")
    assert (status, said.count("\n")) == (2, 1), said
