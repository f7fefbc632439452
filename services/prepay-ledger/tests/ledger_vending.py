"""Points of sale over the ledger's HTTP: a vendor with a float, and what its tills ask."""

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

MICRO = 1_000_000


class Shop:
    """A vendor, and a till that sells for it."""

    def __init__(self, ledger: Any, code: str, *, supervises: bool = False) -> None:
        self.ledger, self.code = ledger, code
        self.subject = f"till-of-{code}"
        scopes = ["ledger:vend", *(["ledger:supervise-vends"] if supervises else [])]
        self.till = client(ledger, self.subject, *scopes)

    async def sell(self, number: str, micro: int, *, key: str | None = None) -> httpx.Response:
        """Money for an account."""
        return await self.till.post(
            "/v1/vends",
            json={"account_number": number, "amount_micro": micro, "tender": "cash"},
            headers={"idempotency-key": key or f"k-{uuid4()}"},
        )

    async def void(self, vend: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        """Take a sale back."""
        return await self.till.post(
            f"/v1/vends/{vend['id']}/void",
            json={"reason": "wrong account"},
            headers={"idempotency-key": key or f"k-{uuid4()}"},
        )

    async def fund(
        self, micro: int, *, key: str | None = None, reference: str | None = None
    ) -> httpx.Response:
        """Its money reaches the utility's bank."""
        key = key or f"k-{uuid4()}"
        return await self.ledger.api.post(
            f"/v1/vendors/{self.code}/fundings",
            json={"amount_micro": micro, "means": "bank", "reference": reference or key},
            headers={"idempotency-key": key},
        )

    async def now(self) -> dict[str, Any]:
        """The vendor as it stands."""
        return (await self.ledger.api.get(f"/v1/vendors/{self.code}")).json()

    async def posted_micro(self) -> int:
        """What its ledger account comes to."""
        return (await self.ledger.posted()).get(f"clearing:vendor/{self.code}", 0)


def client(ledger: Any, subject: str, *scopes: str) -> httpx.AsyncClient:
    """A client with that person's token."""
    token = issue_token(
        private_key_pem=ledger.stack.keys.auth_private,
        subject=subject,
        scopes=scopes,
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    url = ledger.stack.endpoints.service_url("prepay-ledger")
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=60)


@asynccontextmanager
async def a_shop(ledger: Any, *, float_micro: int = 1_000 * MICRO, **limits: Any) -> Any:
    """A shop with a till and a float, opened for a test."""
    code = f"shop-{uuid4().hex[:10]}"
    body = {
        "code": code, "name": "Corner shop", "kind": "shop", "currency": "CNY",
        "day_limit_micro": 5_000 * MICRO, "reason": "contract",
    } | limits  # fmt: skip
    opened = await ledger.api.post("/v1/vendors", json=body)
    assert opened.status_code == 201, opened.text
    shop = Shop(ledger, code)
    added = await ledger.api.post(
        f"/v1/vendors/{code}/sellers", json={"subject": shop.subject, "reason": "till 1"}
    )
    assert added.status_code == 204, added.text
    if float_micro:
        funded = await shop.fund(float_micro)
        assert funded.status_code == 201, funded.text
    async with shop.till:
        yield shop


async def balance(ledger: Any, account: dict[str, Any]) -> int:
    """Of an account."""
    return (await ledger.account(account))["balance_micro"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
