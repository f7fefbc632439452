"""What customers ask by SMS, asked of the ledger as it is: the notifier reads its answers."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from own_databases import own_database
from service_apps import app_of, token

from notifier.inbound.ledger import HttpLedger
from notifier.inbound.ports import LedgerAway, LedgerKnowsNothing
from prewatt_common.clock import utc_now
from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack

MICRO = 1_000_000
NOTIFIER = ("ledger:read", "ledger:emergency-credit", "ledger:pay-links")
_SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"
PAY_LINKS = {
    "PREWATT_PUBLIC_BASE_URL": "https://pay.example.org",
    "PREWATT_PAY_LINK_KEYS": json.dumps({"k1": base64.b64encode(bytes(32)).decode()}),
    "PREWATT_PAYMENT_PROVIDERS": json.dumps(
        {"cards": {"kind": "standard-webhooks", "secrets": [_SECRET]}}
    ),
    "PREWATT_CHECKOUTS": json.dumps(
        {
            "cards": {
                "kind": "http-json",
                "url": "https://cards.example.org/orders",
                "page_hosts": ["https://cards.example.org"],
                "labels": {"en": "Bank card", "zh-CN": "银行卡"},
                "body": {
                    "order": "{request_id}",
                    "micro": "{amount_micro}",
                    "back": "{return_url}",
                },
                "secret": _SECRET,
            }
        }
    ),
}


@dataclass
class TheLedger:
    """The ledger's app, and its database."""

    transport: httpx.ASGITransport
    connection: asyncpg.Connection

    async def account(self) -> UUID:
        """Opened, and used to zero."""
        async with self.client("ledger:write") as client:
            body = {"number": f"n{uuid4().int % 10**9}", "currency": "CNY"}
            more = {"overdraft_micro": 3 * MICRO, "prepay_agreement": "direct"}
            answer = await client.post("/v1/accounts", json=body | more)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def offer(self, account_id: UUID, amount_micro: int) -> None:
        """Emergency credit, as a look at the account does."""
        await self.connection.execute(
            "INSERT INTO emergency_credit "
            "(id, account_id, amount_micro, point_micro, policy, offered_at, state) "
            "VALUES ($1, $2, $3, 0, 1, $4, 'offered')",
            uuid4(), account_id, amount_micro, utc_now(),
        )  # fmt: skip

    def client(self, *scopes: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self.transport, base_url="http://ledger", headers=token(*scopes)
        )

    def asked_with(self, client: httpx.AsyncClient, *scopes: str) -> HttpLedger:
        """As the notifier asks it, with a token of these scopes."""
        bearer = token(*scopes)["authorization"].removeprefix("Bearer ")
        return HttpLedger(
            url="http://ledger/", token=bearer, client=client, timeout_s=20, clock=utc_now
        )


@pytest.fixture
async def ledger(stack, monkeypatch) -> AsyncGenerator[TheLedger]:
    async with own_database(stack, "prepay_ledger") as url:
        await asyncio.to_thread(migrate, package="prepay_ledger", database_url=url)
        for name, value in PAY_LINKS.items():
            monkeypatch.setenv(name, value)
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        async with app_of("prepay_ledger", monkeypatch, database_url=url) as app:
            yield TheLedger(httpx.ASGITransport(app=app), connection)
        await connection.close()


async def test_the_ledger_is_understood(ledger) -> None:
    account_id = await ledger.account()
    async with httpx.AsyncClient(transport=ledger.transport) as client:
        asked = ledger.asked_with(client, *NOTIFIER)
        standing = await asked.standing(account_id)
        assert (standing.currency, standing.balance_micro) == ("CNY", 0)
        assert standing.left_micro == 3 * MICRO
        # Nobody knows of an account without a meter.
        lasting = await asked.lasting(account_id)
        assert (lasting.ends_at, lasting.standing.left_micro) == (None, 3 * MICRO)
        # No policy offers any.
        refused = await asked.accept_credit(account_id, message_id=uuid4())
        assert (refused.amount_micro, refused.standing.left_micro) == (None, 3 * MICRO)
        await ledger.offer(account_id, 5 * MICRO)
        message_id = uuid4()
        for _ in range(2):
            accepted = await asked.accept_credit(account_id, message_id=message_id)
            assert accepted.amount_micro == 5 * MICRO
            assert accepted.standing.left_micro == 8 * MICRO
        again = await asked.accept_credit(account_id, message_id=uuid4())
        assert again.amount_micro is None
        with pytest.raises(LedgerKnowsNothing):
            await asked.standing(uuid4())
        with pytest.raises(LedgerKnowsNothing):
            await asked.accept_credit(uuid4(), message_id=uuid4())
    row = await ledger.connection.fetchrow(
        "SELECT * FROM emergency_credit WHERE state = 'accepted'"
    )
    assert (row["means"], row["key"]) == ("sms", str(message_id))
    told = await ledger.connection.fetch("SELECT value FROM outbox")
    news = [each["value"] for each in told if b'"news":"accepted"' in bytes(each["value"])]
    assert [b'"means":"sms"' in bytes(each) for each in news] == [True]


async def test_the_ledger_makes_one_link_of_a_message(ledger) -> None:
    account_id, message_id = await ledger.account(), uuid4()
    async with httpx.AsyncClient(transport=ledger.transport) as client:
        asked = ledger.asked_with(client, *NOTIFIER)
        links = {await asked.pay_link(account_id, message_id=message_id) for _ in range(2)}
        with pytest.raises(LedgerKnowsNothing):
            await asked.pay_link(uuid4(), message_id=uuid4())
        with pytest.raises(LedgerAway, match="403"):
            await ledger.asked_with(client, "ledger:read").pay_link(account_id, message_id=uuid4())
        (link,) = links
        assert link.startswith("https://pay.example.org/p/")
        page = await client.get(f"http://ledger/p/{link.rpartition('/')[2]}")
    assert (page.status_code, "Bank card" in page.text) == (200, True)


@pytest.mark.parametrize("scopes", [(), ("notifier:read",)])
async def test_who_may_not_ask_waits_for_whoever_puts_it_right(ledger, scopes) -> None:
    account_id = await ledger.account()
    async with httpx.AsyncClient(transport=ledger.transport) as client:
        asked = ledger.asked_with(client, *scopes)
        with pytest.raises(LedgerAway, match="403"):
            await asked.standing(account_id)
        with pytest.raises(LedgerAway, match="403"):
            await asked.accept_credit(account_id, message_id=uuid4())
